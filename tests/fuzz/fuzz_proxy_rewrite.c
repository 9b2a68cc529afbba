/* SPDX-License-Identifier: MIT */
/* Laws: what is passed on of a head is a head again, with the same body, that asks for the end of
 * the connection or for a WebSocket; a request has one Host, no authority in its target, and no
 * token of ours; an answer grows by less than is set aside for that. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/target.h"
#include "service/proxy/rewrite.h"

#define ADDED_FIELDS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_connection(const struct http_head *h)
{
	assert(http_head_count(h, "connection") == 1);
	assert(http_head_lists(h, "connection", "close") !=
		http_head_lists(h, "connection", "upgrade"));
}

static void check_framing(const struct http_head *a, const struct http_head *b)
{
	uint64_t na = 0, nb = 0;

	assert(http_head_framing(a, &na) == http_head_framing(b, &nb));
	assert(na == nb);
}

/* The head that @w holds. */
static struct http_head again(const struct wbuf *w, int is_answer)
{
	const char *p = (const char *) w->p;
	struct http_scan scan = {0};
	struct http_head h;

	assert(http_head_scan(&scan, p, w->len_bytes) == (long) w->len_bytes);
	assert((is_answer ? http_head_parse_answer : http_head_parse)(p, w->len_bytes, &h) == 0);
	return h;
}

static void check_request(const struct http_head *h, size_t size)
{
	const struct rewrite_names names = {"192.0.2.1:5000", "2001:db8::1", size % 2};
	uint8_t *text = malloc(REWRITE_HEAD_MAX);
	struct wbuf w = {.p = text, .cap_bytes = REWRITE_HEAD_MAX};
	struct http_target t;
	struct http_head kept;
	uint64_t len_bytes;

	assert(text);
	if (http_target_parse(h->target, &t) == 0 && http_head_framing(h, &len_bytes) >= 0) {
		rewrite_request(h, &names, &w);
		if (!w.failed && h->n_fields < HTTP_FIELDS_MAX - ADDED_FIELDS) {
			kept = again(&w, 0);
			check_framing(h, &kept);
			check_connection(&kept);
			assert(kept.is_http10 == h->is_http10);
			assert(rewrite_wants_upgrade(&kept) == rewrite_wants_upgrade(h));
			assert(http_head_count(&kept, "host") == 1);
			assert(http_head_count(&kept, "x-forwarded-for") == 1);
			assert(http_target_parse(kept.target, &t) == 0 && !t.is_absolute);
			assert(!names.hides_token || http_head_count(&kept, "authorization") == 0);
		}
	}
	free(text);
}

static void check_answer(const struct http_head *h, size_t len_bytes)
{
	struct wbuf w = {.cap_bytes = len_bytes + REWRITE_MORE_BYTES};
	struct http_head kept;
	uint64_t ignored;

	w.p = malloc(w.cap_bytes);
	assert(w.p);
	rewrite_answer(h, &w);
	assert(!w.failed);
	if (h->n_fields < HTTP_FIELDS_MAX - ADDED_FIELDS && http_head_framing(h, &ignored) >= 0) {
		kept = again(&w, 1);
		assert(kept.status == h->status && kept.is_http10 == h->is_http10);
		check_framing(h, &kept);
		if (h->status >= 200 || h->status == 101)
			check_connection(&kept);
	}
	free(w.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *) data;
	struct http_scan scan = {0};
	long n = http_head_scan(&scan, p, size);
	struct http_head h;

	if (n <= 0)
		return 0;
	if (http_head_parse(p, (size_t) n, &h) == 0)
		check_request(&h, size);
	if (http_head_parse_answer(p, (size_t) n, &h) == 0)
		check_answer(&h, (size_t) n);
	return 0;
}
