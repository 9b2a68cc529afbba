/* SPDX-License-Identifier: MIT */
/* Heads of requests and answers: every refusal and every legal variant, at every split. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/own.h"
#include "http/head.h"

#define GET "GET / HTTP/1.1\r\n"
#define OK  "HTTP/1.1 200 OK\r\n"

typedef int parse_fn(const char *p, size_t len_bytes, struct http_head *ret);

/* Scan and parse @n bytes at @p that come in pieces of @step. Returns as the parser, or 0 with
 * *@ret_len_bytes = 0 when more bytes are needed. */
static int read_head(const char *p, size_t n, size_t step, parse_fn *parse, struct http_head *ret,
	size_t *ret_len_bytes)
{
	struct http_scan scan = {0};
	long len = 0;

	for (size_t at = step < n ? step : n; len == 0; at = at + step < n ? at + step : n) {
		len = http_head_scan(&scan, p, at);
		if (at == n)
			break;
	}
	*ret_len_bytes = len > 0 ? (size_t) len : 0;
	return len <= 0 ? (int) len : parse(p, (size_t) len, ret);
}

static int request_at(const char *text, size_t n, size_t step, struct http_head *ret)
{
	size_t len;

	return read_head(text, n, step, http_head_parse, ret, &len);
}

static void assert_slice(struct http_slice s, const char *text)
{
	assert_int_equal(s.len_bytes, strlen(text));
	assert_memory_equal(s.p, text, s.len_bytes);
}

static void a_request_becomes_its_parts_at_every_split(void **state)
{
	static const char text[] = "\r\n\r\nPOST /a?b=%20 HTTP/1.1\r\nHost: x\r\nEmpty:\r\n"
				   "B:\t two words \t\r\nC:\xfc\r\n\r\nGET /next HTTP/9";
	struct http_head h;
	size_t len;

	(void) state;
	for (size_t step = 1; step < sizeof(text); step++) {
		assert_int_equal(
			read_head(text, sizeof(text) - 1, step, http_head_parse, &h, &len), 0);
		assert_int_equal(len, sizeof(text) - 1 - strlen("GET /next HTTP/9"));
		assert_slice(h.method, "POST");
		assert_slice(h.target, "/a?b=%20");
		assert_false(h.is_http10);
		assert_int_equal(h.n_fields, 4);
		assert_slice(h.fields[0].name, "Host");
		assert_slice(h.fields[0].value, "x");
		assert_slice(h.fields[1].value, "");
		assert_slice(h.fields[2].value, "two words");
		assert_slice(h.fields[3].value, "\xfc");
	}
}

static void a_head_without_its_end_needs_more(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	struct http_scan scan;

	(void) state;
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		scan = (struct http_scan){0};
		assert_int_equal(http_head_scan(&scan, text, n), 0);
	}
}

static void what_two_programs_could_read_differently_is_refused(void **state)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = {
		{"GET  / HTTP/1.1\r\n\r\n", 400},
		{"GET / HTTP/1.1 \r\n\r\n", 400},
		{"GET /  HTTP/1.1\r\n\r\n", 400},
		{" GET / HTTP/1.1\r\n\r\n", 400},
		{"GET\t/ HTTP/1.1\r\n\r\n", 400},
		{"GET /\tHTTP/1.1\r\n\r\n", 400},
		{"GET /a\tb HTTP/1.1\r\n\r\n", 400},
		{"GET /a b HTTP/1.1\r\n\r\n", 400},
		{"GET /\r\n\r\n", 400},
		{"GET\r\n\r\n", 400},
		{"GET  HTTP/1.1\r\n\r\n", 400},
		{"/ HTTP/1.1\r\n\r\n", 400},
		{"G(T / HTTP/1.1\r\n\r\n", 400},
		{"G\xc3\xa4T / HTTP/1.1\r\n\r\n", 400},
		{"GET / http/1.1\r\n\r\n", 400},
		{"GET / HTTP/1\r\n\r\n", 400},
		{"GET / HTTP/1.10\r\n\r\n", 400},
		{"GET / HTTP/11\r\n\r\n", 400},
		{"GET / HTTP/a.b\r\n\r\n", 400},
		{"GET / HTTP/1,1\r\n\r\n", 400},
		{"GET / ICY/1.1\r\n\r\n", 400},
		{"GET / HTTP/2.0\r\n\r\n", 505},
		{"GET / HTTP/0.9\r\n\r\n", 505},
		{"GET / HTTP/1.2\r\n\r\n", 505},
		{"GET / HTTP/1.1\n\n", 400},
		{"GET / HTTP/1.1\r\r\n\r\n", 400},
		{"\nGET / HTTP/1.1\r\n\r\n", 400},
		{"\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", 400},
		{GET "A: b\nC: d\r\n\r\n", 400},
		{GET "A: b\rC: d\r\n\r\n", 400},
		{GET "A: b\r\n\n", 400},
		{GET "A: b\r\n\rx", 400},
		{GET "A : b\r\n\r\n", 400},
		{GET "A\t: b\r\n\r\n", 400},
		{GET " A: b\r\n\r\n", 400},
		{GET "A: b\r\n folded\r\n\r\n", 400},
		{GET "A: b\r\n\tfolded: x\r\n\r\n", 400},
		{GET ": b\r\n\r\n", 400},
		{GET "A\r\n\r\n", 400},
		{GET "A(b): c\r\n\r\n", 400},
		{GET "A b: c\r\n\r\n", 400},
		{GET "\xc3\xa4: c\r\n\r\n", 400},
		{GET "A: \x01\r\n\r\n", 400},
		{GET "A: \x7f\r\n\r\n", 400},
		{GET "A: \x1b[0m\r\n\r\n", 400},
		{"\x16\x03\x01\x02\x01", 400},
	};
	struct http_head h;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t step = 1; step <= strlen(cases[i].text); step++) {
			int rc = request_at(cases[i].text, strlen(cases[i].text), step, &h);

			if (rc != -cases[i].status)
				fail_msg("%s: %d in pieces of %zu", cases[i].text, rc, step);
		}
	}
}

static void every_control_character_is_refused_everywhere(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n";
	char bad[sizeof(text)];
	struct http_head h;

	(void) state;
	for (int c = 0; c < 0x80; c = c == 0x1f ? 0x7f : c + 1) {
		for (size_t at = 0; at < sizeof(text) - 1; at++) {
			memcpy(bad, text, sizeof(text));
			bad[at] = (char) c;
			/* a tab may stand in a value, a CR or LF where there is one */
			if ((c == '\t' && at >= strlen(GET "Host:")) || bad[at] == text[at])
				continue;
			assert_int_equal(request_at(bad, sizeof(text) - 1, 1, &h), -400);
		}
	}
}

/* A request whose line is @prefix, @n times @c, and @suffix. */
static char *long_text(const char *prefix, char c, size_t n, const char *suffix)
{
	size_t at = strlen(prefix);
	char *text = malloc(at + n + strlen(suffix) + 1);

	assert_non_null(text);
	memcpy(text, prefix, at);
	memset(text + at, c, n);
	strcpy(text + at + n, suffix);
	return text;
}

static void limits_are_kept_exactly_at_every_split(void **state)
{
	static const size_t steps[] = {1, 4096, 1000000};
	static const char end[] = " HTTP/1.1\r\n\r\n", field[] = GET "A: ";
	const size_t fits = HTTP_HEAD_MAX - strlen(field) - 4;
	struct http_head h;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		AUTO_FREE char *target = long_text("GET ", '/', HTTP_TARGET_MAX, end);
		AUTO_FREE char *longer = long_text("GET ", '/', HTTP_TARGET_MAX + 1, end);
		AUTO_FREE char *line = long_text("", 'A', HTTP_LINE_MAX + 1, "\x01");
		AUTO_FREE char *head = long_text(field, 'b', fits, "\r\n\r\n");
		AUTO_FREE char *larger = long_text(field, 'b', fits + 1, "\r\n\r\n\x01");

		assert_int_equal(request_at(target, strlen(target), steps[i], &h), 0);
		assert_int_equal(h.target.len_bytes, HTTP_TARGET_MAX);
		assert_int_equal(request_at(longer, strlen(longer), steps[i], &h), -414);
		assert_int_equal(request_at(line, strlen(line), steps[i], &h), -414);
		assert_int_equal(request_at(head, strlen(head), steps[i], &h), 0);
		assert_int_equal(request_at(larger, strlen(larger), steps[i], &h), -431);
	}
}

static void more_fields_than_fit_are_refused(void **state)
{
	char text[4096] = GET;
	struct http_head h;

	(void) state;
	for (int i = 0; i < HTTP_FIELDS_MAX; i++)
		strcat(text, "A: b\r\n");
	strcat(text, "\r\n");
	assert_int_equal(request_at(text, strlen(text), 7, &h), 0);
	assert_int_equal(h.n_fields, HTTP_FIELDS_MAX);
	strcpy(text + strlen(text) - 2, "A: b\r\n\r\n");
	assert_int_equal(request_at(text, strlen(text), 7, &h), -431);
}

static int answer(const char *text, struct http_head *ret)
{
	size_t len;

	return read_head(text, strlen(text), 3, http_head_parse_answer, ret, &len);
}

static void an_answer_becomes_its_parts(void **state)
{
	static const char *const wrong[] = {"HTTP/1.1 99 X\r\n\r\n", "HTTP/1.1 600 X\r\n\r\n",
		"HTTP/1.1 2000 X\r\n\r\n", "HTTP/1.1 20 X\r\n\r\n", "HTTP/1.1 2 0 X\r\n\r\n",
		"HTTP/1.1\r\n\r\n", "HTTP/1.1  200\r\n\r\n", "HTTP/1.1 -20\r\n\r\n",
		"200 OK\r\n\r\n", "HTTP/1.1 200OK\r\n\r\n"};
	struct http_head h;

	(void) state;
	assert_int_equal(answer("HTTP/1.0 404 Not  Found\r\nA: b\r\n\r\n", &h), 0);
	assert_true(h.is_http10);
	assert_int_equal(h.status, 404);
	assert_slice(h.reason, "Not  Found");
	assert_int_equal(h.n_fields, 1);
	assert_int_equal(answer("HTTP/1.1 200\r\n\r\n", &h), 0);
	assert_slice(h.reason, "");
	assert_int_equal(answer("HTTP/1.1 200 \r\n\r\n", &h), 0);
	assert_int_equal(answer("HTTP/2.0 200 \r\n\r\n", &h), -505);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(answer(wrong[i], &h), -400);
}

static void fields_are_found_in_any_case(void **state)
{
	static const char text[] =
		GET "Host: x\r\nconnection: close, UPGRADE\r\n"
		    "Connection:\tkeep-alive ,\r\nHOST: y\r\nA: upgrades\r\n\r\n";
	struct http_head h;

	(void) state;
	assert_int_equal(request_at(text, strlen(text), 5, &h), 0);
	assert_int_equal(http_head_count(&h, "host"), 2);
	assert_slice(*http_head_field(&h, "host"), "x");
	assert_null(http_head_single(&h, "host"));
	assert_null(http_head_field(&h, "hos"));
	assert_slice(*http_head_single(&h, "a"), "upgrades");
	assert_true(http_head_lists(&h, "connection", "upgrade"));
	assert_true(http_head_lists(&h, "connection", "close"));
	assert_true(http_head_lists(&h, "connection", "keep-alive"));
	assert_false(http_head_lists(&h, "connection", "keep"));
	assert_false(http_head_lists(&h, "a", "upgrade"));
	assert_false(http_head_lists(&h, "b", "upgrade"));
}

static void the_length_of_a_body_is_never_a_guess(void **state)
{
	static const struct {
		const char *fields;
		int rc, framing; /* of http_head_body(), http_head_framing() */
		uint64_t len_bytes;
	} cases[] = {
		{"", 0, HTTP_BODY_NONE, 0},
		{"Content-Length: 0\r\n", 0, HTTP_BODY_LENGTH, 0},
		{"Content-Length: 5\r\n", 0, HTTP_BODY_LENGTH, 5},
		{"Content-Length: 999999999999999999\r\n", 0, HTTP_BODY_LENGTH, 999999999999999999},
		{"Content-Length: 1000000000000000000\r\n", -400, -400, 0},
		{"Content-Length:\r\n", -400, -400, 0},
		{"Content-Length: 05\r\n", -400, -400, 0},
		{"Content-Length: +5\r\n", -400, -400, 0},
		{"Content-Length: -5\r\n", -400, -400, 0},
		{"Content-Length: 0x5\r\n", -400, -400, 0},
		{"Content-Length: 5 5\r\n", -400, -400, 0},
		{"Content-Length: 5, 5\r\n", -400, -400, 0},
		{"Content-Length: 5\r\nContent-Length: 5\r\n", -400, -400, 0},
		{"Content-Length: 5\r\ncontent-length: 6\r\n", -400, -400, 0},
		{"Transfer-Encoding: chunked\r\n", -501, HTTP_BODY_CHUNKED, 0},
		{"Transfer-Encoding: Chunked\r\n", -501, HTTP_BODY_CHUNKED, 0},
		{"Transfer-Encoding: identity\r\n", -501, -400, 0},
		{"Transfer-Encoding: gzip, chunked\r\n", -501, -400, 0},
		{"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", -501, -400, 0},
		{"Transfer-Encoding: \x0b"
		 "chunked\r\n",
			-400, -400, 0},
		{"Transfer-Encoding: xchunked\r\n", -501, -400, 0},
		{"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", -400, -400, 0},
	};
	struct http_head h;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[256];
		uint64_t len = 0;
		int rc;

		(void) snprintf(text, sizeof(text), "POST / HTTP/1.1\r\n%s\r\n", cases[i].fields);
		rc = request_at(text, strlen(text), 9, &h);
		assert_int_equal(rc < 0 ? rc : http_head_body(&h, &len), cases[i].rc);
		if (rc < 0)
			continue;
		assert_int_equal(http_head_framing(&h, &len), cases[i].framing);
		if (cases[i].framing >= 0)
			assert_int_equal(len, cases[i].len_bytes);
	}
}

static void the_body_of_an_answer_depends_on_its_status(void **state)
{
	static const struct {
		const char *text;
		int framing;
	} cases[] = {
		{OK "\r\n", HTTP_BODY_TO_END},
		{OK "Content-Length: 3\r\n\r\n", HTTP_BODY_LENGTH},
		{OK "Transfer-Encoding: chunked\r\n\r\n", HTTP_BODY_CHUNKED},
		{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", -400},
		{"HTTP/1.1 100 X\r\n\r\n", HTTP_BODY_NONE},
		{"HTTP/1.1 101 X\r\nContent-Length: 3\r\n\r\n", HTTP_BODY_NONE},
		{"HTTP/1.1 204 X\r\nContent-Length: 3\r\n\r\n", HTTP_BODY_NONE},
		{"HTTP/1.1 304 X\r\nContent-Length: 3\r\n\r\n", HTTP_BODY_NONE},
	};
	struct http_head h;
	uint64_t len;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(answer(cases[i].text, &h), 0);
		assert_int_equal(http_head_framing(&h, &len), cases[i].framing);
		assert_int_equal(len, cases[i].framing == HTTP_BODY_LENGTH ? 3 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_becomes_its_parts_at_every_split),
		cmocka_unit_test(a_head_without_its_end_needs_more),
		cmocka_unit_test(what_two_programs_could_read_differently_is_refused),
		cmocka_unit_test(every_control_character_is_refused_everywhere),
		cmocka_unit_test(limits_are_kept_exactly_at_every_split),
		cmocka_unit_test(more_fields_than_fit_are_refused),
		cmocka_unit_test(an_answer_becomes_its_parts),
		cmocka_unit_test(fields_are_found_in_any_case),
		cmocka_unit_test(the_length_of_a_body_is_never_a_guess),
		cmocka_unit_test(the_body_of_an_answer_depends_on_its_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
