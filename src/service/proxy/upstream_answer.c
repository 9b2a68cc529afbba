/* SPDX-License-Identifier: MIT */
#include "service/proxy/upstream_answer.h"

#include <errno.h>
#include <stdlib.h>

#include "base/own.h"
#include "service/proxy/rewrite.h"

static int put_head(const struct http_head *h, size_t len_bytes, struct buf *out)
{
	struct wbuf w = {.cap_bytes = len_bytes + REWRITE_MORE_BYTES};
	AUTO_FREE uint8_t *text = NULL;

	if (out->len_bytes + w.cap_bytes > RELAY_HELD_MAX)
		return -EBADMSG;
	text = malloc(w.cap_bytes);
	if (!text)
		return -ENOMEM;
	w.p = text;
	rewrite_answer(h, &w);
	return w.failed ? -EBADMSG : buf_add(out, text, w.len_bytes);
}

/* @h is the head of the final answer. */
static int begin_body(
	struct upstream_answer *a, const struct relay_request *request, const struct http_head *h)
{
	int framing = http_head_framing(h, &a->left_bytes);

	if (framing < 0 || (h->status == 101 && !request->is_upgrade))
		return -EBADMSG;
	a->status = h->status;
	a->is_tunnel = h->status == 101;
	a->framing = request->is_head ? HTTP_BODY_NONE : (enum http_framing) framing;
	a->is_complete =
		!a->is_tunnel && (a->framing == HTTP_BODY_NONE ||
					 (a->framing == HTTP_BODY_LENGTH && a->left_bytes == 0));
	return 0;
}

int upstream_answer_head(struct upstream_answer *a, const struct relay_request *request,
	struct buf *in, struct buf *out)
{
	while (in->len_bytes > 0) {
		long n = http_head_scan(&a->scan, buf_at(in), in->len_bytes);
		struct http_head h;
		bool is_final;
		int rc = 0;

		if (n == 0 && in->len_bytes < REWRITE_HEAD_MAX)
			return 0;
		if (n <= 0 || n > REWRITE_HEAD_MAX ||
			http_head_parse_answer(buf_at(in), (size_t) n, &h) < 0)
			return -EBADMSG;
		is_final = h.status >= 200 || h.status == 101;
		if (is_final)
			rc = begin_body(a, request, &h);
		/* clients of HTTP/1.0 know no interim answers */
		if (rc == 0 && (is_final || !request->is_http10))
			rc = put_head(&h, (size_t) n, out);
		if (rc < 0)
			return rc;
		buf_drop(in, (size_t) n);
		a->scan = (struct http_scan){0};
		if (is_final)
			return 1;
	}
	return 0;
}

ssize_t upstream_answer_body(struct upstream_answer *a, const char *p, size_t len_bytes)
{
	size_t n = len_bytes;
	int rc = 0;

	if (a->is_tunnel || a->framing == HTTP_BODY_TO_END)
		return (ssize_t) n;
	if (a->is_complete)
		return 0;
	if (a->framing == HTTP_BODY_CHUNKED) {
		rc = http_chunked_scan(&a->chunked, p, len_bytes, &n);
	} else {
		n = len_bytes < a->left_bytes ? len_bytes : (size_t) a->left_bytes;
		a->left_bytes -= n;
		rc = a->left_bytes == 0;
	}
	a->is_complete = rc == 1;
	return rc < 0 ? rc : (ssize_t) n;
}
