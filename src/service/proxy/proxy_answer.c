/* SPDX-License-Identifier: MIT */
#include "service/proxy/proxy_answer.h"

#include <errno.h>
#include <string.h>

#include "service/proxy/proxy_rewrite.h"

static int put_head(const struct http_head *h, size_t len_bytes, struct buf *out)
{
	struct wbuf w = {.cap_bytes = len_bytes + PROXY_REWRITE_MORE_BYTES};

	w.p = (uint8_t *) buf_room(out, w.cap_bytes);
	if (!w.p)
		return -ENOMEM;
	proxy_rewrite_answer(h, &w);
	if (w.failed)
		return -EBADMSG;
	out->len_bytes += w.len_bytes;
	return 0;
}

static int describe(
	const struct proxy_ask *ask, const struct http_head *h, struct proxy_answer *ret)
{
	uint64_t len_bytes = 0;
	int framing = http_head_framing(h, &len_bytes);

	memset(ret, 0, sizeof(*ret));
	if (framing < 0 || (h->status == 101 && !ask->is_upgrade))
		return -EBADMSG;
	ret->is_tunnel = h->status == 101;
	if (ask->is_head || framing == HTTP_BODY_NONE)
		len_bytes = 0;
	else if (framing != HTTP_BODY_LENGTH)
		return 0;
	ret->has_length = !ret->is_tunnel;
	ret->left_bytes = len_bytes;
	return 0;
}

int proxy_answer_take(
	const struct proxy_ask *ask, struct buf *in, struct buf *out, struct proxy_answer *ret)
{
	while (in->len_bytes > 0) {
		struct http_scan scan = {0};
		struct http_head h;
		long n = http_head_scan(&scan, buf_at(in), in->len_bytes);
		bool is_final;
		int rc = 0;

		if (n == 0)
			return 0;
		if (n < 0 || http_head_parse_answer(buf_at(in), (size_t) n, &h) < 0)
			return -EBADMSG;
		is_final = h.status >= 200 || h.status == 101;
		if (is_final)
			rc = describe(ask, &h, ret);
		/* what comes before an answer is news of HTTP/1.1 */
		if (rc == 0 && (is_final || !ask->is_http10))
			rc = put_head(&h, (size_t) n, out);
		if (rc < 0)
			return rc == -ENOMEM ? rc : -EBADMSG;
		buf_drop(in, (size_t) n);
		if (is_final)
			return 1;
	}
	return 0;
}
