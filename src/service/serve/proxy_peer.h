/* SPDX-License-Identifier: MIT */
/* The far side of a connection that is passed on: a stream socket that is read and written when its
 * owner can, and that tells when it may be worth trying. So nothing is kept here. */
#ifndef SERVE_PROXY_PEER_H
#define SERVE_PROXY_PEER_H

#include <sys/types.h>

#include "service/serve/app.h"
#include "service/serve/resolver.h"

#define PROXY_PEER_PROTOCOL "proxy-peer"

struct proxy_peer {
	int fd;            /* owned, -1 = none */
	struct lws *watch; /* NULL: the other side has hung up; what it sent can still be read */
	void (*wake)(void *ctx);
	void *ctx;
	struct app *app;
};

/* Connect to @to; @wake is called with @ctx when that succeeded or failed, and whenever reading or
 * writing may succeed after it returned -EAGAIN. Returns 0 or a negative errno; @ret is closed with
 * proxy_peer_close() in any case. */
int proxy_peer_connect(struct proxy_peer *p, const union resolver_address *to);

/* Connect to this service's own HTTP within the process. For connections over TLS, which
 * libwebsockets cannot hand over once they were read from. */
int proxy_peer_connect_inside(struct proxy_peer *p);

/* 0 once connected, -EINPROGRESS, or why not. */
int proxy_peer_state(const struct proxy_peer *p);

/* As recv() and send(): the bytes, 0 at the end of the stream, or a negative errno. */
ssize_t proxy_peer_read(struct proxy_peer *p, void *ret, size_t cap_bytes);
ssize_t proxy_peer_write(struct proxy_peer *p, const void *data, size_t len_bytes);

/* Nothing is fine. */
void proxy_peer_close(struct proxy_peer *p);

/* The libwebsockets callback of PROXY_PEER_PROTOCOL; its connections keep a struct proxy_peer *. */
int proxy_peer_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

#endif
