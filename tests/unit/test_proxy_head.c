/* SPDX-License-Identifier: MIT */
/* Heads of HTTP messages are read strictly, and how long their bodies are is never a guess. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/own.h"
#include "service/serve/proxy_head.h"

#define GET "GET / HTTP/1.1\r\n"
#define OK  "HTTP/1.1 200 OK\r\n"

static long parse(const char *text, enum proxy_head_kind kind, struct proxy_head *ret)
{
	return proxy_head_parse(text, strlen(text), kind, ret);
}

static void assert_slice(struct slice s, const char *text)
{
	assert_int_equal(s.len_bytes, strlen(text));
	assert_memory_equal(s.p, text, s.len_bytes);
}

static void a_request_becomes_its_parts(void **state)
{
	static const char text[] =
		"POST /a?b=%20 HTTP/1.1\r\nHost: x\r\nEmpty:\r\nB:\t two words \t\r\n\r\nbody";
	struct proxy_head h;

	(void) state;
	assert_int_equal(parse(text, PROXY_REQUEST, &h), strlen(text) - 4);
	assert_slice(h.method, "POST");
	assert_slice(h.target, "/a?b=%20");
	assert_false(h.is_http10);
	assert_int_equal(h.n_fields, 3);
	assert_slice(h.fields[0].name, "Host");
	assert_slice(h.fields[0].value, "x");
	assert_slice(h.fields[1].value, "");
	assert_slice(h.fields[2].value, "two words");
}

static void an_answer_becomes_its_parts(void **state)
{
	struct proxy_head h;

	(void) state;
	assert_true(parse("HTTP/1.0 404 Not  Found\r\n\r\n", PROXY_ANSWER, &h) > 0);
	assert_true(h.is_http10);
	assert_int_equal(h.status, 404);
	assert_slice(h.reason, "Not  Found");
	assert_true(parse("HTTP/1.1 200\r\n\r\n", PROXY_ANSWER, &h) > 0);
	assert_slice(h.reason, "");
}

static void a_head_that_is_not_whole_needs_more(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	struct proxy_head h;

	(void) state;
	for (size_t n = 0; n < strlen(text); n++)
		assert_int_equal(proxy_head_parse(text, n, PROXY_REQUEST, &h), 0);
	assert_true(proxy_head_parse(text, strlen(text), PROXY_REQUEST, &h) > 0);
}

static void what_could_be_understood_differently_is_refused(void **state)
{
	static const char *const requests[] = {"GET  / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1 \r\n\r\n",
		"GET /\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "GET / http/1.1\r\n\r\n",
		"GET / HTTP/1.1\nA: b\r\n\r\n", "G T / HTTP/1.1\r\n\r\n", " GET / HTTP/1.1\r\n\r\n",
		"\r\nGET / HTTP/1.1\r\n\r\n", "GET http://x/ HTTP/1.1\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\n\r\n", "G(T / HTTP/1.1\r\n\r\n", GET "A : b\r\n\r\n",
		GET " A: b\r\n\r\n", GET "A: b\r\n folded\r\n\r\n", GET "A: b\rC: d\r\n\r\n",
		GET "A: b\nC: d\r\n\r\n", GET "A: \x01\r\n\r\n", GET "A: \x7f\r\n\r\n",
		GET "A\r\n\r\n", GET ": b\r\n\r\n", GET "A\xc3: b\r\n\r\n",
		"GET /\ta HTTP/1.1\r\n\r\n",
		"GETGETGETGETGETGETGETGETGETGETGETGET / HTTP/1.1\r\n\r\n"};
	static const char *const answers[] = {"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 600 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n",
		"HTTP/1.1\r\n\r\n", "ICY 200 OK\r\n\r\n", "\x01 nonsense\r\n\r\n",
		OK "A b\r\n\r\n"};
	struct proxy_head h;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(requests); i++)
		assert_int_equal(parse(requests[i], PROXY_REQUEST, &h), -EBADMSG);
	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		assert_int_equal(parse(answers[i], PROXY_ANSWER, &h), -EBADMSG);
	/* a NUL */
	assert_int_equal(proxy_head_parse(GET "A: \0\r\n\r\n", sizeof(GET "A: \0\r\n\r\n") - 1,
				 PROXY_REQUEST, &h),
		-EBADMSG);
}

static void fields_up_to_the_limit_are_taken(void **state)
{
	char text[64 + 6 * (PROXY_FIELDS_MAX + 1)];
	struct proxy_head h;

	(void) state;
	for (int n = PROXY_FIELDS_MAX; n <= PROXY_FIELDS_MAX + 1; n++) {
		strcpy(text, GET);
		for (int i = 0; i < n; i++)
			strcat(text, "A: b\r\n");
		strcat(text, "\r\n");
		if (n == PROXY_FIELDS_MAX)
			assert_int_equal(parse(text, PROXY_REQUEST, &h), strlen(text));
		else
			assert_int_equal(parse(text, PROXY_REQUEST, &h), -E2BIG);
	}
}

static void heads_up_to_the_limit_are_taken(void **state)
{
	static const char start[] = GET "A: ", end[] = "\r\n\r\n";
	size_t n = PROXY_HEAD_MAX_BYTES + 1;
	char *text = malloc(n);
	struct proxy_head h;

	(void) state;
	assert_non_null(text);
	memset(text, 'x', n);
	memcpy(text, start, strlen(start));
	/* without an end, it may still come below the limit */
	assert_int_equal(proxy_head_parse(text, n - 2, PROXY_REQUEST, &h), 0);
	assert_int_equal(proxy_head_parse(text, n - 1, PROXY_REQUEST, &h), -E2BIG);
	memcpy(text + n - 1 - strlen(end), end, strlen(end));
	assert_int_equal(proxy_head_parse(text, n, PROXY_REQUEST, &h), n - 1);
	memset(text + n - 1 - strlen(end), 'x', strlen(end));
	memcpy(text + n - strlen(end), end, strlen(end));
	assert_int_equal(proxy_head_parse(text, n, PROXY_REQUEST, &h), -E2BIG);
	free(text);
}

struct framing_case {
	const char *text;
	int framing;
	uint64_t len_bytes;
};

static void bodies_have_one_length_or_the_head_is_refused(void **state)
{
	static const struct framing_case requests[] = {
		{GET "\r\n", PROXY_BODY_NONE, 0},
		{GET "Content-Length: 0\r\n\r\n", PROXY_BODY_LENGTH, 0},
		{GET "content-length: 123456789012345678\r\n\r\n", PROXY_BODY_LENGTH,
			123456789012345678},
		{GET "Transfer-Encoding: Chunked\r\n\r\n", PROXY_BODY_CHUNKED, 0},
		{GET "Content-Length: 1234567890123456789\r\n\r\n", -EBADMSG, 0},
		{GET "Content-Length: -1\r\n\r\n", -EBADMSG, 0},
		{GET "Content-Length: +1\r\n\r\n", -EBADMSG, 0},
		{GET "Content-Length: 0x1\r\n\r\n", -EBADMSG, 0},
		{GET "Content-Length:\r\n\r\n", -EBADMSG, 0},
		{GET "Content-Length: 1, 1\r\n\r\n", -EBADMSG, 0},
		{GET "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", -EBADMSG, 0},
		{GET "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", -EBADMSG, 0},
		{GET "Transfer-Encoding: gzip, chunked\r\n\r\n", -EBADMSG, 0},
		{GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", -EBADMSG,
			0},
		{"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", -EBADMSG, 0},
	};
	static const struct framing_case answers[] = {
		{OK "\r\n", PROXY_BODY_TO_END, 0},
		{OK "Content-Length: 7\r\n\r\n", PROXY_BODY_LENGTH, 7},
		{OK "Transfer-Encoding: chunked\r\n\r\n", PROXY_BODY_CHUNKED, 0},
		{"HTTP/1.1 204 No\r\n\r\n", PROXY_BODY_NONE, 0},
		{"HTTP/1.1 304 No\r\nContent-Length: 7\r\n\r\n", PROXY_BODY_NONE, 7},
		{"HTTP/1.1 101 No\r\n\r\n", PROXY_BODY_NONE, 0},
		{OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", -EBADMSG, 0},
	};
	struct proxy_head h;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(requests) + ARRAY_LEN(answers); i++) {
		bool is_request = i < ARRAY_LEN(requests);
		const struct framing_case *c =
			is_request ? &requests[i] : &answers[i - ARRAY_LEN(requests)];
		uint64_t len_bytes = 0;

		assert_int_equal(parse(c->text, is_request ? PROXY_REQUEST : PROXY_ANSWER, &h),
			strlen(c->text));
		assert_int_equal(proxy_head_framing(&h, &len_bytes), c->framing);
		assert_int_equal(len_bytes, c->len_bytes);
	}
}

static void lists_are_searched_in_all_their_fields(void **state)
{
	static const struct slice b = {"b", 1}, c = {"c", 1};
	struct proxy_head h;

	(void) state;
	assert_true(parse(GET "X: a ,, B\r\nx: d\r\nY: c\r\n\r\n", PROXY_REQUEST, &h) > 0);
	assert_true(proxy_head_lists(&h, "x", b));
	assert_false(proxy_head_lists(&h, "x", c));
	assert_int_equal(proxy_head_count(&h, "x"), 2);
	assert_null(proxy_head_field(&h, "x"));
	assert_non_null(proxy_head_field(&h, "y"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_becomes_its_parts),
		cmocka_unit_test(an_answer_becomes_its_parts),
		cmocka_unit_test(a_head_that_is_not_whole_needs_more),
		cmocka_unit_test(what_could_be_understood_differently_is_refused),
		cmocka_unit_test(fields_up_to_the_limit_are_taken),
		cmocka_unit_test(heads_up_to_the_limit_are_taken),
		cmocka_unit_test(bodies_have_one_length_or_the_head_is_refused),
		cmocka_unit_test(lists_are_searched_in_all_their_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
