/* SPDX-License-Identifier: MIT */
/* The far side of a connection that is passed on: a stream socket that is read and written when its
 * owner can, and that says when it may be worth trying. So nothing is kept here. */
#ifndef PROXY_PROXY_PEER_H
#define PROXY_PROXY_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#include "loop/loop.h"
#include "service/proxy/resolver.h"

struct proxy_peer {
	struct loop *loop;         /* borrowed */
	struct loop_source source; /* source.fd: owned, -1 = none */
	bool is_hung_up;           /* by the other side: what it sent can still be read */
	void (*wake)(void *ctx);
	void *ctx;
};

/* Without a socket. @wake is called with @ctx, from the event loop, when connecting has succeeded
 * or failed, and whenever reading or writing may succeed after it returned -EAGAIN. */
void proxy_peer_init(struct proxy_peer *p, struct loop *loop, void (*wake)(void *ctx), void *ctx);

/* Begin to connect to @to. Returns 0 or a negative errno; close it with proxy_peer_close() in any
 * case. */
int proxy_peer_connect(struct proxy_peer *p, const union resolver_address *to);

/* 0 once connected, -EINPROGRESS, or why not. */
int proxy_peer_state(const struct proxy_peer *p);

/* As recv() and send(): the bytes, 0 at the end of the stream, or a negative errno. */
ssize_t proxy_peer_read(struct proxy_peer *p, void *ret, size_t cap_bytes);
ssize_t proxy_peer_write(struct proxy_peer *p, const void *data, size_t len_bytes);

/* Nothing happens without a socket. */
void proxy_peer_close(struct proxy_peer *p);

#endif
