/* SPDX-License-Identifier: MIT */
#include "service/serve/proxy_answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "service/serve/proxy_rewrite.h"

static int put_head(const struct proxy_head *h, size_t len_bytes, struct proxy_buf *out)
{
	struct wbuf w = {.cap_bytes = len_bytes + PROXY_REWRITE_MORE_BYTES};
	AUTO_FREE uint8_t *text = malloc(w.cap_bytes);

	if (!text)
		return -ENOMEM;
	w.p = text;
	proxy_rewrite_answer(h, &w);
	return w.failed ? -EBADMSG : proxy_buf_add(out, text, w.len_bytes);
}

static int describe(
	const struct proxy_ask *ask, const struct proxy_head *h, struct proxy_answer *ret)
{
	uint64_t len_bytes = 0;
	int framing = proxy_head_framing(h, &len_bytes);

	memset(ret, 0, sizeof(*ret));
	if (framing < 0 || (h->status == 101 && !ask->is_upgrade))
		return -EBADMSG;
	ret->is_tunnel = h->status == 101;
	if (ask->is_head || framing == PROXY_BODY_NONE)
		len_bytes = 0;
	else if (framing != PROXY_BODY_LENGTH)
		return 0;
	ret->has_length = !ret->is_tunnel;
	ret->left_bytes = len_bytes;
	return 0;
}

int proxy_answer_take(const struct proxy_ask *ask, struct proxy_buf *in, struct proxy_buf *out,
	struct proxy_answer *ret)
{
	for (;;) {
		struct proxy_head h;
		long n = proxy_head_parse(in->p, in->len_bytes, PROXY_ANSWER, &h);
		bool is_final;
		int rc = 0;

		if (n <= 0)
			return n < 0 ? -EBADMSG : 0;
		is_final = h.status >= 200 || h.status == 101;
		if (is_final)
			rc = describe(ask, &h, ret);
		/* what comes before an answer is news of HTTP/1.1 */
		if (rc == 0 && (is_final || !ask->is_http10))
			rc = put_head(&h, (size_t) n, out);
		if (rc < 0)
			return rc == -ENOMEM ? rc : -EBADMSG;
		proxy_buf_drop(in, (size_t) n);
		if (is_final)
			return 1;
	}
}

static const char *reason_of(int status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized\r\nWWW-Authenticate: Bearer";
	case 403:
		return "Forbidden";
	case 421:
		return "Misdirected Request";
	case 431:
		return "Request Header Fields Too Large";
	case 504:
		return "Gateway Timeout";
	default:
		return "Bad Gateway";
	}
}

int proxy_answer_refuse(
	const struct proxy_ask *ask, int status, const char *why, struct proxy_buf *out)
{
	char body[256] = "", text[512];

	if (why)
		(void) snprintf(body, sizeof(body), "{\"error\":\"%s\"}", why);
	(void) snprintf(text, sizeof(text),
		"HTTP/1.1 %d %s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status,
		reason_of(status), why ? "Content-Type: application/json\r\n" : "", strlen(body),
		ask->is_head ? "" : body);
	return proxy_buf_add(out, text, strlen(text));
}
