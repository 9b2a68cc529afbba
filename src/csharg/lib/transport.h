/* SPDX-License-Identifier: MIT */
/* A connection to the service as bytes, through TLS and proxies (libcurl), without waiting once it
 * stands. */
#ifndef CSHARG_TRANSPORT_H
#define CSHARG_TRANSPORT_H

#include <sys/types.h>

#include "csharg/lib/client.h"

#define TRANSPORT_READ_MAX 262144 /* bytes of one transport_recv() */

struct transport;

/* Connect; waits, at most as long as the client's options say. Returns 0, or a negative errno as in
 * csharg.h with @e filled. The client may be freed before. */
int transport_open(struct csharg_client *c, struct transport **ret, struct err *e);

/* To be watched for reading. */
int transport_fd(const struct transport *t);

/* Returns bytes received, 0 at the end, -EAGAIN, or -ECONNRESET. */
ssize_t transport_recv(struct transport *t, void *buf, size_t cap_bytes);

/* Returns bytes sent (maybe fewer), -EAGAIN, or -ECONNRESET. */
ssize_t transport_send(struct transport *t, const void *p, size_t len_bytes);

/* NULL is fine. */
void transport_close(struct transport *t);

#endif
