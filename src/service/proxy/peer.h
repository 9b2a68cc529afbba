/* SPDX-License-Identifier: MIT */
/* A stream socket to the other service, which is read and written directly. Its owner is woken
 * whenever an attempt may be worthwhile. */
#ifndef PROXY_PEER_H
#define PROXY_PEER_H

#include <stddef.h>
#include <sys/types.h>

#include "loop/loop.h"
#include "service/proxy/resolver.h"

struct peer {
	struct loop *loop;         /* borrowed */
	struct loop_source source; /* fd owned, -1 = none */
};

/* @wake is called with @ctx from the loop when connecting has succeeded or failed, and whenever
 * reading or writing may succeed after it returned -EAGAIN. */
void peer_init(
	struct peer *p, struct loop *loop, void (*wake)(void *ctx, uint32_t events), void *ctx);

/* Connect to @to; a socket of before is closed. Returns 0 or a negative errno. */
int peer_connect(struct peer *p, const union resolver_address *to);

/* Returns 0 once connected, -EINPROGRESS, or the error. */
int peer_state(const struct peer *p);

/* As recv() and send(): the bytes, 0 at the end of the stream, or a negative errno. */
ssize_t peer_read(struct peer *p, void *ret, size_t cap_bytes);
ssize_t peer_write(struct peer *p, const void *data, size_t len_bytes);

/* Send the end of the stream; reading goes on. */
void peer_finish(struct peer *p);

/* Nothing happens when it is closed. */
void peer_close(struct peer *p);

#endif
