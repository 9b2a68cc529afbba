/* SPDX-License-Identifier: MIT */
/* Targets, query arguments, percent decoding, and authorities. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/own.h"
#include "http/target.h"

static struct http_slice slice(const char *text)
{
	return (struct http_slice){text, strlen(text)};
}

static void assert_slice(struct http_slice s, const char *text)
{
	assert_int_equal(s.len_bytes, strlen(text));
	if (s.len_bytes > 0)
		assert_memory_equal(s.p, text, s.len_bytes);
}

static void every_authority_is_taken_or_refused(void **state)
{
	static const struct {
		const char *text, *host; /* NULL = refused */
		int port;
		bool is_address;
	} cases[] = {
		{"localhost", "localhost", -1, false},
		{"LocalHost:5001", "localhost", 5001, false},
		{"a-b.c_d~e:1", "a-b.c_d~e", 1, false},
		{"192.0.2.1", "192.0.2.1", -1, true},
		{"192.0.2.1:65535", "192.0.2.1", 65535, true},
		{"192.0.2.1.", "192.0.2.1.", -1, false},
		{"0x7f.1", "0x7f.1", -1, false},
		{"[::1]", "::1", -1, true},
		{"[2001:DB8::1]:443", "2001:db8::1", 443, true},
		{"[::ffff:192.0.2.1]", "::ffff:192.0.2.1", -1, true},
		{""},
		{":80"},
		{"a:"},
		{"a:0"},
		{"a:080"},
		{"a:65536"},
		{"a:99999999999"},
		{"a:+1"},
		{"a: 1"},
		{"a:1 "},
		{"a:b"},
		{"a:1:2"},
		{"a b"},
		{"a,b"},
		{"a/"},
		{"user@a"},
		{"a%41"},
		{"a\tb"},
		{"\xc3\xa4"},
		{"::1"},
		{"[::1"},
		{"[]"},
		{"[::1]a"},
		{"[::1]x.evil.example"},
		{"[::1]:"},
		{"[::1%25eth0]"},
		{"[fe80::1%eth0]"},
		{"[v1.a]"},
		{"[1.2.3.4]"},
		{"[localhost]"},
		{"[::g]"},
		{"localhost:a,evil.example"},
		{"127.0.0.1:evil"},
		{"]"},
		{"a]"},
		{"a[b]"},
	};
	struct http_authority a;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int rc = http_authority_parse(slice(cases[i].text), &a);

		if (rc != (cases[i].host ? 0 : -EINVAL))
			fail_msg("%s: %d", cases[i].text, rc);
		if (rc < 0)
			continue;
		assert_string_equal(a.host, cases[i].host);
		assert_int_equal(a.port, cases[i].port);
		assert_int_equal(a.is_address, cases[i].is_address);
	}
}

static void a_host_has_at_most_255_characters(void **state)
{
	char text[HTTP_HOST_MAX + 1];
	struct http_authority a;

	(void) state;
	memset(text, 'a', sizeof(text));
	text[HTTP_HOST_MAX - 1] = '\0';
	assert_int_equal(http_authority_parse(slice(text), &a), 0);
	text[HTTP_HOST_MAX - 1] = 'a';
	text[HTTP_HOST_MAX] = '\0';
	assert_int_equal(http_authority_parse(slice(text), &a), -EINVAL);
}

static void every_bad_character_in_a_host_is_refused(void **state)
{
	struct http_authority a;

	(void) state;
	for (int c = 0; c < 256; c++) {
		char text[] = {'a', (char) c, 'b'};
		bool is_good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			       (c >= 'A' && c <= 'Z') || (c && strchr("-._~", c));
		int rc = http_authority_parse((struct http_slice){text, sizeof(text)}, &a);

		assert_int_equal(rc, is_good ? 0 : -EINVAL);
	}
}

static void an_origin_is_compared_with_a_host(void **state)
{
	static const char *const wrong[] = {"null", "", "http://", "http:/a", "ftp://a", "//a", "a",
		"http://a/", "http://a b", "http://a:"};
	struct http_authority a, b;

	(void) state;
	assert_int_equal(http_authority_parse(slice("LOCALHOST:5001"), &a), 0);
	assert_int_equal(http_origin_parse(slice("http://localhost:5001"), &b), 0);
	assert_true(http_authority_is(&a, &b));
	assert_int_equal(http_origin_parse(slice("HTTPS://localhost:5002"), &b), 0);
	assert_false(http_authority_is(&a, &b));
	assert_int_equal(http_origin_parse(slice("https://localhost"), &b), 0);
	assert_false(http_authority_is(&a, &b));
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(http_origin_parse(slice(wrong[i]), &b), -EINVAL);
}

static void every_target_is_taken_or_refused(void **state)
{
	static const struct {
		const char *text, *path, *query, *host; /* path NULL = refused */
	} cases[] = {
		{"/", "/", "", ""},
		{"/a/b", "/a/b", "", ""},
		{"/a?b=c&d", "/a", "b=c&d", ""},
		{"/a?", "/a", "", ""},
		{"/a??b?c", "/a", "?b?c", ""},
		{"//a/b", "//a/b", "", ""},
		{"/%41%7e?%26", "/%41%7e", "%26", ""},
		{"/a?b=%09", "/a", "b=%09", ""},
		{"/\xc3\xa4?\"<>{}", "/\xc3\xa4", "\"<>{}", ""},
		{"*", "*", "", ""},
		{"http://a:80/b?c", "/b", "c", "a"},
		{"HTTPS://a", "/", "", "a"},
		{"http://a?b", "/", "b", "a"},
		{""},
		{"a"},
		{"a:80"},
		{"?b"},
		{"**"},
		{"*?b"},
		{"/a#b"},
		{"/a?b#c"},
		{"#"},
		{"ftp://a/"},
		{"http:///b"},
		{"http://"},
		{"http://user@a/"},
		{"http://a:x/"},
		{"http:/a"},
		{"/%"},
		{"/%4"},
		{"/%zz"},
		{"/%4g"},
		{"/a?%"},
		{"/a?%1"},
		{"/%00"},
		{"/%0a"},
		{"/%0D"},
		{"/%09"},
		{"/%7f"},
		{"/%1F"},
		{"/a?b=%0a"},
		{"/a?b%0D=1"},
		{"/a?%00"},
		{"/a?b=%7F"},
		{"/a?b=%1b[0m"},
	};
	struct http_target t;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int rc = http_target_parse(slice(cases[i].text), &t);

		if (rc != (cases[i].path ? 0 : -EINVAL))
			fail_msg("%s: %d", cases[i].text, rc);
		if (rc < 0)
			continue;
		assert_slice(t.path, cases[i].path);
		assert_slice(t.query, cases[i].query);
		assert_int_equal(t.is_absolute, cases[i].host[0] != '\0');
		assert_string_equal(t.is_absolute ? t.authority.host : "", cases[i].host);
		assert_int_equal(t.is_asterisk, strcmp(cases[i].text, "*") == 0);
	}
}

static void every_escape_is_decoded_or_refused(void **state)
{
	char text[4], out[2], digits[2][17] = {"0123456789abcdef", "0123456789ABCDEF"};

	(void) state;
	for (int c = 0; c < 256; c++) {
		bool is_control = c < 0x20 || c == 0x7f;

		for (int form = 0; form < 2; form++) {
			const char *d = digits[form];
			long want = is_control && !(form && c == '\t') ? -EINVAL : 1;

			(void) snprintf(text, sizeof(text), "%%%c%c", d[c >> 4], d[c & 15]);
			assert_int_equal(http_decode(slice(text), form, out, 2), want);
			assert_int_equal(http_is_decodable(slice(text), form), want > 0);
			if (want > 0)
				assert_int_equal((unsigned char) out[0], c);
		}
	}
}

static void decoding_keeps_to_its_room(void **state)
{
	char out[4] = "zzz";

	(void) state;
	assert_int_equal(http_decode(slice("a+%2b"), true, out, 4), 3);
	assert_string_equal(out, "a +");
	assert_int_equal(http_decode(slice("a+b"), false, out, 4), 3);
	assert_string_equal(out, "a+b");
	assert_int_equal(http_decode(slice("a+%2b"), true, out, 3), -ENOBUFS);
	assert_int_equal(http_decode(slice(""), true, out, 1), 0);
	assert_string_equal(out, "");
	assert_int_equal(http_decode(slice(""), true, out, 0), -ENOBUFS);
	assert_true(http_decodes_to(slice("a+%2b"), true, "a +"));
	assert_false(http_decodes_to(slice("a+%2b"), true, "a "));
	assert_false(http_decodes_to(slice("a+%2b"), true, "a ++"));
	assert_false(http_decodes_to(slice("%0a"), true, "\n"));
}

static void arguments_are_found_one_by_one(void **state)
{
	static const char *const want[][2] = {
		{"a", "1"}, {"b", ""}, {"", "x"}, {"c", "d=e"}, {"f", ""}};
	struct http_slice query = slice("&a=1&b&&=x&c=d=e&f=&"), name, value;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		assert_true(http_query_next(&query, &name, &value));
		assert_slice(name, want[i][0]);
		assert_slice(value, want[i][1]);
	}
	assert_false(http_query_next(&query, &name, &value));
	query = (struct http_slice){NULL, 0};
	assert_false(http_query_next(&query, &name, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_authority_is_taken_or_refused),
		cmocka_unit_test(a_host_has_at_most_255_characters),
		cmocka_unit_test(every_bad_character_in_a_host_is_refused),
		cmocka_unit_test(an_origin_is_compared_with_a_host),
		cmocka_unit_test(every_target_is_taken_or_refused),
		cmocka_unit_test(every_escape_is_decoded_or_refused),
		cmocka_unit_test(decoding_keeps_to_its_room),
		cmocka_unit_test(arguments_are_found_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
