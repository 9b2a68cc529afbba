/* SPDX-License-Identifier: MIT */
/* What is changed in heads that are passed on (wire contract 1.4). Text in, text out. */
#ifndef PROXY_REWRITE_H
#define PROXY_REWRITE_H

#include "base/bytes.h"
#include "http/head.h"

#define REWRITE_HEAD_MAX   65536 /* bytes of a head that is passed on, either way */
#define REWRITE_MORE_BYTES 1024  /* a head of an answer grows by less */

struct rewrite_names {
	const char *authority; /* host:port of the other service */
	const char *peer;      /* the client's address */
	bool hides_token;      /* the Authorization field and the token parameter are for us */
};

/* Does the request ask for a WebSocket? Other upgrades are not passed on. */
bool rewrite_wants_upgrade(const struct http_head *request);

/* Write the head that the other service gets, or the client. @w fails when it does not fit; the
 * target of a request is one that http_target_parse() accepts. */
void rewrite_request(const struct http_head *h, const struct rewrite_names *names, struct wbuf *w);
void rewrite_answer(const struct http_head *h, struct wbuf *w);

#endif
