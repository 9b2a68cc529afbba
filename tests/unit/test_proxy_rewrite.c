/* SPDX-License-Identifier: MIT */
/* What the other service gets to see of a request, and the client of an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/own.h"
#include "service/proxy/forward_target.h"
#include "service/proxy/rewrite.h"
#include "service/proxy/upstream_answer.h"

#define ADDED "Enable-Monolith: Affirmative, Dave\r\n"

struct pair {
	const char *from, *to;
};

static const char *rewritten(const char *text, bool hides_token, char *out, size_t cap)
{
	const struct rewrite_names names = {"192.0.2.1:5000", "198.51.100.7", hides_token};
	struct wbuf w = {.p = (uint8_t *) out, .cap_bytes = cap - 1};
	struct http_scan scan = {0};
	struct http_head h;
	long n = http_head_scan(&scan, text, strlen(text));

	assert_true(n > 0);
	if (http_head_parse_answer(text, (size_t) n, &h) == 0)
		rewrite_answer(&h, &w);
	else if (http_head_parse(text, (size_t) n, &h) == 0)
		rewrite_request(&h, &names, &w);
	assert_false(w.failed);
	out[w.len_bytes] = '\0';
	return out;
}

static void heads_are_changed_as_little_as_possible(void **state)
{
	static const struct pair cases[] = {
		{"GET /discover/mobyshark HTTP/1.1\r\nhost: a\r\nX-Custom: b\r\nEnable-Monolith: "
		 "no\r\n\r\n",
			"GET /mobyshark HTTP/1.1\r\nHost: 192.0.2.1:5000\r\nX-Custom: b\r\n" ADDED
			"X-Forwarded-For: 198.51.100.7\r\nConnection: close\r\n\r\n"},
		{"POST /x HTTP/1.0\r\nX-Forwarded-For: 203.0.113.1\r\nX-Forwarded-Prefix: /p\r\n"
		 "x-forwarded-for: 203.0.113.2\r\nContent-Length: 3\r\nAuthorization: Bearer "
		 "b\r\n\r\n",
			"POST /x HTTP/1.0\r\nHost: 192.0.2.1:5000\r\nX-Forwarded-Prefix: /p\r\n"
			"Content-Length: 3\r\nAuthorization: Bearer b\r\n" ADDED
			"X-Forwarded-For: 203.0.113.1, 203.0.113.2, 198.51.100.7\r\n"
			"Connection: close\r\n\r\n"},
		{"GET / HTTP/1.1\r\nConnection: X-Drop, keep-alive, Content-Length\r\nX-Drop: 1\r\n"
		 "Keep-Alive: 5\r\nTE: gzip\r\nProxy-Connection: x\r\nProxy-Authorization: y\r\n"
		 "Upgrade: h2c\r\nContent-Length: 0\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: 192.0.2.1:5000\r\nContent-Length: 0\r\n" ADDED
			"X-Forwarded-For: 198.51.100.7\r\nConnection: close\r\n\r\n"},
		{"GET /mobydig HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: "
		 "WebSocket\r\n"
		 "Sec-WebSocket-Key: k\r\n\r\n",
			"GET /mobydig HTTP/1.1\r\nHost: 192.0.2.1:5000\r\nSec-WebSocket-Key: "
			"k\r\n" ADDED "X-Forwarded-For: 198.51.100.7\r\nConnection: Upgrade\r\n"
			"Upgrade: websocket\r\n\r\n"},
		{"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: "
			"close\r\n\r\n"},
		{"HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: "
		 "websocket\r\nSec-WebSocket-Accept: a\r\n\r\n",
			"HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: a\r\nConnection: Upgrade\r\n"
			"Upgrade: websocket\r\n\r\n"},
		{"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"},
	};
	char out[1024];

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(rewritten(cases[i].from, false, out, sizeof(out)), cases[i].to);
}

static void our_token_stays_here(void **state)
{
	char out[1024];

	(void) state;
	(void) rewritten("GET /x?token=secret&a=token&tok%65n=secret&b HTTP/1.1\r\n"
			 "Authorization: Bearer secret\r\n\r\n",
		true, out, sizeof(out));
	assert_null(strstr(out, "secret"));
	assert_non_null(strstr(out, "GET /x?a=token&b HTTP/1.1\r\n"));
	(void) rewritten("GET /x?token=secret HTTP/1.1\r\n\r\n", true, out, sizeof(out));
	assert_non_null(strstr(out, "GET /x HTTP/1.1\r\n"));
}

static void paths_are_cleaned_and_queries_kept(void **state)
{
	static const struct pair cases[] = {{"/", "/"}, {"/a/", "/a"}, {"//a//b/", "/a/b"},
		{"/a/./b/../c", "/a/c"}, {"/../..", "/"}, {"/a/../", "/"}, {"/a%20b", "/a%20b"},
		{"/..a/.b/c..", "/..a/.b/c.."}, {"/x?a=1&b=%20+%2F&&c", "/x?a=1&b=%20+%2F&&c"},
		{"/x?", "/x?"}, {"/?/../y", "/?/../y"}, {"/discover/mobyshark", "/mobyshark"},
		{"/discover//mobyshark/?x=y", "/mobyshark?x=y"},
		{"/discover/mobyshark/more", "/discover/mobyshark/more"},
		{"/discover/json", "/discover/json"}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[64];
		struct wbuf w = {.p = (uint8_t *) out, .cap_bytes = sizeof(out) - 1};

		forward_target_put(
			(struct http_slice){cases[i].from, strlen(cases[i].from)}, false, &w);
		assert_false(w.failed);
		out[w.len_bytes] = '\0';
		assert_string_equal(out, cases[i].to);
	}
}

/* Feed @text in pieces of @step. Returns as upstream_answer_head() did last; what the client gets
 * is in @out, of the body as well. */
static int feed(const char *text, size_t step, const struct relay_request *request,
	struct upstream_answer *a, struct buf *out)
{
	size_t n = strlen(text), at = 0;
	struct buf in = {0};
	int rc = 0;

	while (rc == 0 && at < n) {
		size_t more = n - at < step ? n - at : step;

		assert_int_equal(buf_add(&in, text + at, more), 0);
		at += more;
		rc = upstream_answer_head(a, request, &in, out);
	}
	if (at < n)
		assert_int_equal(buf_add(&in, text + at, n - at), 0);
	if (rc == 1 && in.len_bytes > 0) {
		ssize_t used = upstream_answer_body(a, buf_at(&in), in.len_bytes);

		rc = used < 0 ? (int) used : 1;
		if (used > 0)
			assert_int_equal(buf_add(out, buf_at(&in), (size_t) used), 0);
	}
	buf_done(&in);
	return rc;
}

static void the_end_of_an_answer_is_known(void **state)
{
	static const struct {
		const char *text, *body; /* NULL = refused */
		bool is_head, is_upgrade, is_complete;
	} cases[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", "abc", false, false, true},
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "ab", false, false, false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nabc", "", false, false, true},
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "", true, false, true},
		{"HTTP/1.1 200 OK\r\n\r\nabc", "abc", false, false, false},
		{"HTTP/1.1 204 No\r\n\r\nabc", "", false, false, true},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHTTP/1.1",
			"3\r\nabc\r\n0\r\n\r\n", false, false, true},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
			"3\r\nabc\r\n", false, false, false},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc", NULL, false, false,
			false},
		{"HTTP/1.1 101 Yes\r\n\r\nanything", "anything", false, true, false},
		{"HTTP/1.1 101 Yes\r\n\r\nanything", NULL, false, false, false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", NULL, false,
			false, false},
		{"nonsense\r\n\r\n", NULL, false, false, false},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct relay_request request = {
			.is_head = cases[i].is_head, .is_upgrade = cases[i].is_upgrade};

		for (size_t step = 1; step <= strlen(cases[i].text); step++) {
			struct upstream_answer a = {.status = 0};
			struct buf out = {0};
			int rc = feed(cases[i].text, step, &request, &a, &out);
			size_t n = cases[i].body ? strlen(cases[i].body) : 0;

			assert_int_equal(rc, cases[i].body ? 1 : -EBADMSG);
			if (rc == 1) {
				assert_int_equal(a.is_complete, cases[i].is_complete);
				assert_true(out.len_bytes > n);
				assert_memory_equal(
					buf_at(&out) + out.len_bytes - n, cases[i].body, n);
				assert_memory_equal(
					buf_at(&out) + out.len_bytes - n - 4, "\r\n\r\n", 4);
			}
			buf_done(&out);
		}
	}
}

static void interim_answers_are_for_clients_that_know_them(void **state)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n";

	(void) state;
	for (int old = 0; old < 2; old++) {
		const struct relay_request request = {.is_http10 = old};
		struct upstream_answer a = {.status = 0};
		struct buf out = {0};

		assert_int_equal(feed(text, 5, &request, &a, &out), 1);
		assert_int_equal(a.status, 204);
		assert_int_equal(memcmp(buf_at(&out), "HTTP/1.1 100", 12) == 0, !old);
		buf_done(&out);
	}
}

static void interim_answers_without_end_are_refused(void **state)
{
	static const char interim[] = "HTTP/1.1 103 Early\r\n\r\n";
	const struct relay_request request = {.is_http10 = false};
	struct upstream_answer a = {.status = 0};
	struct buf in = {0}, out = {0};
	int rc = 0;

	(void) state;
	for (int i = 0; rc == 0 && i < 100000; i++) {
		assert_int_equal(buf_add(&in, interim, sizeof(interim) - 1), 0);
		rc = upstream_answer_head(&a, &request, &in, &out);
	}
	assert_int_equal(rc, -EBADMSG);
	assert_true(out.len_bytes <= RELAY_HELD_MAX);
	buf_done(&in);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_are_changed_as_little_as_possible),
		cmocka_unit_test(our_token_stays_here),
		cmocka_unit_test(paths_are_cleaned_and_queries_kept),
		cmocka_unit_test(the_end_of_an_answer_is_known),
		cmocka_unit_test(interim_answers_are_for_clients_that_know_them),
		cmocka_unit_test(interim_answers_without_end_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
