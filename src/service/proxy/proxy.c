/* SPDX-License-Identifier: MIT */
#include "service/proxy/proxy.h"

#include <errno.h>
#include <stdlib.h>

#include "base/own.h"
#include "service/http/conn.h"
#include "service/proxy/relay.h"
#include "service/proxy/rewrite.h"

#define PEER_NAME_BYTES 64

/* What is to be known of the request when its head is gone. Returns NULL, or why it is refused. */
static const char *describe(const struct http_head *h, struct relay_request *ret)
{
	int framing = http_head_framing(h, &ret->body_left_bytes);

	ret->is_upgrade = rewrite_wants_upgrade(h);
	ret->is_head = http_slice_is(h->method, "HEAD");
	ret->is_http10 = h->is_http10;
	if (framing < 0)
		return "the length of the body is not clear";
	ret->framing = (enum http_framing) framing;
	if (ret->is_upgrade && framing != HTTP_BODY_NONE)
		return "an upgrade has no body";
	return NULL;
}

void proxy_begin(struct conn *c, struct proxy_env *env)
{
	const struct http_head *h = conn_request(c)->head;
	AUTO_FREE uint8_t *text = malloc(REWRITE_HEAD_MAX);
	struct wbuf w = {.p = text, .cap_bytes = REWRITE_HEAD_MAX};
	char peer[PEER_NAME_BYTES];
	const struct rewrite_names names = {env->resolver.authority, peer, env->hides_token};
	struct relay_request request;
	const char *why = describe(h, &request);

	if (why) {
		conn_refuse(c, 400, why);
		return;
	}
	conn_peer_name(c, peer, sizeof(peer));
	if (text)
		rewrite_request(h, &names, &w);
	if (w.failed)
		conn_refuse(c, 431, "the request is too large");
	else if (!text || relay_begin(c, env, &request, text, w.len_bytes) < 0)
		conn_kill(c);
}
