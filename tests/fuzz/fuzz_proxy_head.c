/* SPDX-License-Identifier: MIT */
/* Laws: a head ends at its first empty line, whatever follows it; what is passed on of it is a head
 * again, with the same body, that asks for the end of the connection or for a WebSocket, and it
 * grows by less than is set aside for that. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/serve/proxy_rewrite.h"
#include "service/serve/proxy_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct proxy_head *first, const struct wbuf *w)
{
	static const struct slice close_word = {"close", 5}, upgrade = {"upgrade", 7};
	uint64_t n[2] = {0, 0};
	struct proxy_head h;

	assert(proxy_head_parse((const char *) w->p, w->len_bytes, first->kind, &h) ==
		(long) w->len_bytes);
	assert(h.is_http10 == first->is_http10 && h.status == first->status);
	assert(proxy_head_framing(&h, &n[0]) == proxy_head_framing(first, &n[1]) && n[0] == n[1]);
	if (h.kind == PROXY_REQUEST) {
		assert(proxy_wants_upgrade(&h) == proxy_wants_upgrade(first));
		assert(proxy_head_count(&h, "host") == 1);
		assert(proxy_head_count(&h, "x-forwarded-for") == 1);
	}
	if (h.status < 200 && h.status != 101 && h.kind == PROXY_ANSWER)
		return;
	assert(proxy_head_count(&h, "connection") == 1);
	assert(proxy_head_lists(&h, "connection", close_word) !=
		proxy_head_lists(&h, "connection", upgrade));
}

static void check(const char *text, size_t size, enum proxy_head_kind kind)
{
	struct proxy_rewrite r = {"192.0.2.1:5000", "2001:db8::1", size % 2};
	struct proxy_head h;
	struct wbuf w = {0};
	long n = proxy_head_parse(text, size, kind, &h);

	if (n <= 0)
		return;
	assert((size_t) n <= size && memmem(text, size, "\r\n\r\n", 4) == text + n - 4);
	/* the head may then be larger than is taken, so it is not read again */
	w.cap_bytes = (size_t) n + PROXY_REWRITE_MORE_BYTES;
	w.p = malloc(w.cap_bytes);
	assert(w.p);
	if (kind == PROXY_REQUEST)
		proxy_rewrite_request(&h, &r, &w);
	else
		proxy_rewrite_answer(&h, &w);
	assert(!w.failed);
	if (w.len_bytes <= PROXY_HEAD_MAX_BYTES && h.n_fields < PROXY_FIELDS_MAX - 8)
		check_again(&h, &w);
	free(w.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;

	check(text, size, PROXY_REQUEST);
	check(text, size, PROXY_ANSWER);
	(void) proxy_judge(text, size);
	return 0;
}
