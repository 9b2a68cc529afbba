/* SPDX-License-Identifier: MIT */
/* Chunked bodies: their end at every split, and every malformation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/own.h"
#include "http/chunked.h"

/* Scan @n bytes in pieces of @step. Returns as the scanner; *@ret_used counts over all pieces. */
static int scan(const char *p, size_t n, size_t step, size_t *ret_used)
{
	struct http_chunked c = {0};
	int rc = 0;

	*ret_used = 0;
	for (size_t at = 0; at < n && rc == 0; at += step) {
		size_t used = 0;

		rc = http_chunked_scan(&c, p + at, n - at < step ? n - at : step, &used);
		*ret_used += used;
	}
	return rc;
}

static void a_body_ends_where_it_ends_at_every_split(void **state)
{
	static const char *const bodies[] = {"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n",
		"5;a=b;c=\"d\"\r\nhello\r\nA\r\n0123456789\r\n000\r\nTrailer: x\r\nB:y\r\n\r\n",
		"0000000000000001\r\n\r\r\n0;\r\n\r\n", "2\r\n\r\n\r\n0\r\n\r\n"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		size_t n = strlen(bodies[i]), used;
		char text[256];

		(void) strcpy(text, bodies[i]);
		(void) strcat(text, "GET / HTTP/1.1\r\n");
		for (size_t step = 1; step <= strlen(text); step++) {
			assert_int_equal(scan(text, strlen(text), step, &used), 1);
			assert_int_equal(used, n);
		}
		for (size_t less = 0; less < n; less++) {
			assert_int_equal(scan(text, less, 3, &used), 0);
			assert_int_equal(used, less);
		}
	}
}

static void what_is_malformed_is_refused_at_every_split(void **state)
{
	static const char *const wrong[] = {"\r\n", "g\r\n", " 5\r\n", "5 \r\n", "-5\r\n", "+5\r\n",
		"0x5\r\n", "5\n", "5\r5", "5\r\r\n", ";a\r\n", "5;a\nb\r\n", "5;a\x01\r\n",
		"5\r\nhello\n", "5\r\nhellox\r\n", "5\r\nhello0\r\n", "0\r\n\n", "0\r\nA: b\n",
		"0\r\nA\x7f\r\n", "00000000000000001\r\n", "8000000000000000\r\n",
		"ffffffffffffffff\r\n"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		for (size_t step = 1; step <= strlen(wrong[i]); step++) {
			size_t used;

			if (scan(wrong[i], strlen(wrong[i]), step, &used) != -EBADMSG)
				fail_msg("%s in pieces of %zu", wrong[i], step);
		}
	}
}

static void lines_and_trailers_have_limits(void **state)
{
	char text[HTTP_CHUNKED_TRAILER_MAX + 64];
	size_t used;

	(void) state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "1;", 2);
	/* the semicolon counts */
	assert_int_equal(scan(text, 1 + HTTP_CHUNKED_LINE_MAX, 100, &used), 0);
	assert_int_equal(scan(text, 2 + HTTP_CHUNKED_LINE_MAX, 100, &used), -EBADMSG);
	memcpy(text, "0\r\n", 3);
	assert_int_equal(scan(text, 3 + HTTP_CHUNKED_TRAILER_MAX, 100, &used), 0);
	assert_int_equal(scan(text, 4 + HTTP_CHUNKED_TRAILER_MAX, 100, &used), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_ends_where_it_ends_at_every_split),
		cmocka_unit_test(what_is_malformed_is_refused_at_every_split),
		cmocka_unit_test(lines_and_trailers_have_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
