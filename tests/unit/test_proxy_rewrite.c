/* SPDX-License-Identifier: MIT */
/* What the other service gets to see of a request, and the client of an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/own.h"
#include "service/proxy/proxy_rewrite.h"
#include "service/proxy/proxy_target.h"

#define ADDED "Enable-Monolith: Affirmative, Dave\r\n"

struct pair {
	const char *from, *to;
};

static const char *rewritten(const char *text, bool hides_token, char *out, size_t cap)
{
	struct proxy_rewrite r = {"192.0.2.1:5000", "198.51.100.7", hides_token};
	struct wbuf w = {.p = (uint8_t *) out, .cap_bytes = cap - 1};
	struct http_head h;

	if (strncmp(text, "HTTP/", 5) != 0) {
		assert_int_equal(http_head_parse(text, strlen(text), &h), 0);
		proxy_rewrite_request(&h, &r, &w);
	} else {
		assert_int_equal(http_head_parse_answer(text, strlen(text), &h), 0);
		proxy_rewrite_answer(&h, &w);
	}
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
		{"/discover/json", "/discover/json"}, {"http://a/b//c?d", "/b/c?d"},
		{"http://a", "/"}, {"HTTPS://a:1?b", "/?b"}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[64];
		struct wbuf w = {.p = (uint8_t *) out, .cap_bytes = sizeof(out) - 1};

		proxy_put_target(
			(struct http_slice){cases[i].from, strlen(cases[i].from)}, false, &w);
		assert_false(w.failed);
		out[w.len_bytes] = '\0';
		assert_string_equal(out, cases[i].to);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_are_changed_as_little_as_possible),
		cmocka_unit_test(our_token_stays_here),
		cmocka_unit_test(paths_are_cleaned_and_queries_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
