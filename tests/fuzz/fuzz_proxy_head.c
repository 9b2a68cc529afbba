/* SPDX-License-Identifier: MIT */
/* Laws: a head ends at its first empty line, whatever follows it; what is passed on of it is a head
 * again, with the same body, that asks for the end of the connection or for a WebSocket, and it
 * grows by less than is set aside for that. */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/proxy/proxy_rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Read a head from the beginning of @text. Returns its length, or something else. */
static long parse(const char *text, size_t size, bool is_answer, struct http_head *ret)
{
	struct http_scan scan = {0};
	long n = http_head_scan(&scan, text, size);
	int rc = -1;

	if (n > 0)
		rc = is_answer ? http_head_parse_answer(text, (size_t) n, ret)
			       : http_head_parse(text, (size_t) n, ret);
	if (rc < 0)
		return -1;
	if (!is_answer)
		ret->status = 0;
	return n;
}

static void check_again(const struct http_head *first, const struct wbuf *w)
{
	uint64_t n[2] = {0, 0};
	struct http_head h;

	assert(parse((const char *) w->p, w->len_bytes, first->status != 0, &h) ==
		(long) w->len_bytes);
	assert(h.is_http10 == first->is_http10 && h.status == first->status);
	assert(http_head_framing(&h, &n[0]) == http_head_framing(first, &n[1]) && n[0] == n[1]);
	if (h.status == 0) {
		assert(proxy_wants_upgrade(&h) == proxy_wants_upgrade(first));
		assert(http_head_count(&h, "host") == 1);
		assert(http_head_count(&h, "x-forwarded-for") == 1);
	}
	if (h.status != 0 && h.status < 200 && h.status != 101)
		return;
	assert(http_head_count(&h, "connection") == 1);
	assert(http_head_lists(&h, "connection", "close") !=
		http_head_lists(&h, "connection", "upgrade"));
}

static void check(const char *text, size_t size, bool is_answer)
{
	struct proxy_rewrite r = {"192.0.2.1:5000", "2001:db8::1", size % 2};
	struct http_head h;
	struct wbuf w = {0};
	long n = parse(text, size, is_answer, &h);

	if (n <= 0)
		return;
	assert((size_t) n <= size && memmem(text, size, "\r\n\r\n", 4) == text + n - 4);
	/* the head may then be larger than is taken, so it is not read again */
	w.cap_bytes = (size_t) n + PROXY_REWRITE_MORE_BYTES;
	w.p = malloc(w.cap_bytes);
	assert(w.p);
	if (!is_answer)
		proxy_rewrite_request(&h, &r, &w);
	else
		proxy_rewrite_answer(&h, &w);
	assert(!w.failed);
	if (w.len_bytes <= HTTP_HEAD_MAX && h.n_fields < HTTP_FIELDS_MAX - 8)
		check_again(&h, &w);
	free(w.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;

	check(text, size, false);
	check(text, size, true);
	return 0;
}
