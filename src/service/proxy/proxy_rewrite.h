/* SPDX-License-Identifier: MIT */
/* What is changed in heads that are passed on (wire contract 1.4). Text in, text out. */
#ifndef PROXY_PROXY_REWRITE_H
#define PROXY_PROXY_REWRITE_H

#include "base/bytes.h"
#include "http/head.h"

#define PROXY_REWRITE_MORE_BYTES 1024 /* a head grows by less */

struct proxy_rewrite {
	const char *authority; /* host:port of the other service */
	const char *peer;      /* the client's address */
	bool hides_token;      /* the Authorization header and the token parameter are for us */
};

/* Does the request ask for a WebSocket? Other upgrades are not passed on. */
bool proxy_wants_upgrade(const struct http_head *request);

/* Write the head that the other service gets, or the client. @w fails when it does not fit. */
void proxy_rewrite_request(
	const struct http_head *h, const struct proxy_rewrite *r, struct wbuf *w);
void proxy_rewrite_answer(const struct http_head *h, struct wbuf *w);

#endif
