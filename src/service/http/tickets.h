/* SPDX-License-Identifier: MIT */
/* Tickets: short-lived permissions, each for one request with a query that was stored when the
 * ticket was issued. A link or a WebSocket of a web page carries a ticket instead of the token,
 * because browsers cannot add fields to these requests, and because a link may stay in histories
 * and logs. The ticket is part of the path (/ticket/TICKET/capture), because clients that handle
 * packetflix: links keep the path and drop query arguments that they do not know. */
#ifndef HTTP_TICKETS_H
#define HTTP_TICKETS_H

#include <stddef.h>
#include <stdint.h>

#include "http/slice.h"

#define TICKET_PATH      "/ticket/"
#define TICKET_DIGITS    32 /* hexadecimal: 128 random bits */
#define TICKET_SECONDS   60
#define TICKET_QUERY_MAX 16384 /* bytes, encoded */
#define TICKETS_MAX      256

struct ticket {
	char id[TICKET_DIGITS + 1]; /* "" = this place is free */
	int64_t end_ns;             /* monotonic */
	char *query;                /* owned, encoded, without the question mark */
};

/* Zero-initialise. */
struct tickets {
	struct ticket all[TICKETS_MAX];
};

void tickets_done(struct tickets *t);

/* Issue a ticket for the encoded @query and write it into @ret_id. Returns 0; -E2BIG when @query
 * has more than TICKET_QUERY_MAX bytes; -EBUSY when TICKETS_MAX tickets are valid; -ENOMEM; or
 * another negative errno when the kernel has no random bytes. */
int tickets_issue(
	struct tickets *t, struct http_slice query, int64_t now_ns, char ret_id[TICKET_DIGITS + 1]);

/* The ticket that the decoded @path begins with, at TICKET_PATH; *@ret_rest becomes what follows
 * it, beginning with a slash. Returns NULL for a ticket that is unknown, used or out of time; the
 * time it takes does not depend on how much of a ticket is right. The ticket is borrowed until the
 * next call that changes @t. */
struct ticket *tickets_find(
	struct tickets *t, const char *path, int64_t now_ns, const char **ret_rest);

/* Make @ticket invalid. Returns its query, which is the caller's to free. */
char *ticket_use(struct ticket *ticket);

#endif
