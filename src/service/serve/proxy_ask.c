/* SPDX-License-Identifier: MIT */
#include "service/serve/proxy_ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/own.h"
#include "service/serve/access.h"
#include "service/serve/proxy_rewrite.h"
#include "service/serve/proxy_target.h"

static int turn_down(struct proxy_ask *ask, int status, const char *why)
{
	ask->status = status;
	ask->why = why;
	return -EPERM;
}

/* As text; NULL when it is absent, "" when it does not fit. */
static const char *text_of(const struct slice *s, char *buf, size_t cap)
{
	if (!s)
		return NULL;
	buf[0] = '\0';
	if (s->len_bytes < cap) {
		memcpy(buf, s->p, s->len_bytes);
		buf[s->len_bytes] = '\0';
	}
	return buf;
}

static int judge(const struct proxy_asker *who, const struct proxy_head *h, struct proxy_ask *ask)
{
	char host[ACCESS_HOST_MAX], origin[ACCESS_HOST_MAX], auth[CONFIG_TOKEN_MAX + 16];
	char token[CONFIG_TOKEN_MAX];
	struct access_request r = {
		.path = ""}; /* the paths that are open to all are not passed on */
	const char *why = "";
	int status;

	if (proxy_head_count(h, "host") > 1 || proxy_head_count(h, "origin") > 1 ||
		proxy_head_count(h, "authorization") > 1)
		return turn_down(ask, 400, "a header is there twice");
	r.host = text_of(proxy_head_field(h, "host"), host, sizeof(host));
	r.origin = text_of(proxy_head_field(h, "origin"), origin, sizeof(origin));
	r.authorization = text_of(proxy_head_field(h, "authorization"), auth, sizeof(auth));
	if (proxy_query_value(h->target, "token", token, sizeof(token)))
		r.token = token;
	status = access_judge(who->config, &r, &why);
	return status ? turn_down(ask, status, why) : 0;
}

static void log_headers(const struct proxy_asker *who, const struct proxy_head *h)
{
	for (uint32_t i = 0; i < h->n_fields; i++) {
		const struct proxy_field *f = &h->fields[i];

		/* secrets stay secret: a token for the other service, or ours */
		if (!slice_is(f->name, "authorization") && !slice_is(f->name, "cookie"))
			log_info("header peer=%s %.*s: \"%.*s\"", who->peer,
				(int) f->name.len_bytes, f->name.p, (int) f->value.len_bytes,
				f->value.p);
	}
}

static void log_ask(const struct proxy_asker *who, const struct proxy_head *h)
{
	static const struct slice none = {"", 0};
	const struct slice *referer = proxy_head_field(h, "referer");
	const struct slice *agent = proxy_head_field(h, "user-agent");
	const char *end = memchr(h->target.p, '?', h->target.len_bytes);
	int n = (int) (end ? (size_t) (end - h->target.p) : h->target.len_bytes);

	if (!who->config->log_requests && !who->config->log_headers)
		return;
	referer = referer ? referer : &none;
	agent = agent ? agent : &none;
	log_info("request peer=%s path=\"%.*s\" to=%s referer=\"%.*s\" agent=\"%.*s\"", who->peer,
		n, h->target.p, who->authority, (int) referer->len_bytes, referer->p,
		(int) agent->len_bytes, agent->p);
	if (who->config->log_headers)
		log_headers(who, h);
}

static int describe(const struct proxy_head *h, struct proxy_ask *ask)
{
	int framing = proxy_head_framing(h, &ask->body_left_bytes);

	ask->is_upgrade = proxy_wants_upgrade(h);
	ask->is_head = h->method.len_bytes == 4 && memcmp(h->method.p, "HEAD", 4) == 0;
	ask->is_http10 = h->is_http10;
	if (framing < 0)
		return turn_down(ask, 400, "the length of the body is not clear");
	ask->framing = (enum proxy_framing) framing;
	if (ask->is_upgrade && framing != PROXY_BODY_NONE)
		return turn_down(ask, 400, "an upgrade has no body");
	return 0;
}

static int rewrite(const struct proxy_asker *who, const struct proxy_head *h, size_t len_bytes,
	struct proxy_buf *out)
{
	struct proxy_rewrite r = {who->authority, who->peer, who->config->token != NULL};
	struct wbuf w = {.cap_bytes = len_bytes + PROXY_REWRITE_MORE_BYTES};
	AUTO_FREE uint8_t *text = malloc(w.cap_bytes);

	if (!text)
		return -ENOMEM;
	w.p = text;
	proxy_rewrite_request(h, &r, &w);
	return w.failed ? -E2BIG : proxy_buf_add(out, text, w.len_bytes);
}

int proxy_ask_take(const struct proxy_asker *who, struct proxy_buf *in, struct proxy_buf *out,
	struct proxy_ask *ret)
{
	struct proxy_head h;
	long n = proxy_head_parse(in->p, in->len_bytes, PROXY_REQUEST, &h);
	int rc;

	if (n == 0)
		return 0;
	memset(ret, 0, sizeof(*ret));
	if (n == -E2BIG)
		return turn_down(ret, 431, "the request is too large");
	if (n < 0)
		return turn_down(ret, 400, "this is no HTTP request");
	log_ask(who, &h);
	rc = describe(&h, ret);
	if (rc == 0)
		rc = judge(who, &h, ret);
	if (rc == 0)
		rc = rewrite(who, &h, (size_t) n, out);
	if (rc < 0)
		return rc;
	proxy_buf_drop(in, (size_t) n);
	return 1;
}
