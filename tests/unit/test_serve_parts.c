/* SPDX-License-Identifier: MIT */
/* Who may ask, and what the section header says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "service/answer/negotiate.h"
#include "service/capture/shb.h"
#include "service/http/access.h"
#include "service/http/route.h"
#include "support/pcapng_read.h"

static const char *const allowed[] = {"capture.example"}, *const own[] = {"host1"};

static struct access some_access(void)
{
	return (struct access){
		.own_host = own, .n_own_host = 1, .allow_host = allowed, .n_allow_host = 1};
}

static struct http_slice slice(const char *text)
{
	return (struct http_slice){text, strlen(text)};
}

static void only_names_that_are_ours_are_answered_to(void **state)
{
	static const struct {
		const char *host;
		bool ok;
	} rows[] = {{"localhost", true}, {"localhost:5001", true}, {"LOCALHOST", true},
		{"localhost.", true}, {"127.0.0.1", true}, {"127.0.0.1:5001", true},
		{"[::1]:5001", true}, {"[::1]", true}, {"192.0.2.7:80", true}, {"host1", true},
		{"Host1:1", true}, {"capture.example", true}, {"CAPTURE.example:443", true},
		{"evil.example", false}, {"localhost.evil.example", false}, {"xlocalhost", false},
		{"", false}, {":5001", false}, {"127.0.0.1.evil.example", false},
		{"[::1].evil.example", false}, {"[::1]x.evil.example", false},
		{"localhost:a,evil.example", false}, {"127.0.0.1:evil", false},
		{"localhost:0", false}, {"localhost:65536", false}, {"localhost:", false},
		{"user@localhost", false}, {"localhost/", false}, {"loc%61lhost", false},
		{"[::1", false}, {"[127.0.0.1]", false}, {"[fe80::1%25eth0]", false}, {".", false},
		{"capture.example.evil", false}};
	const struct access a = some_access();

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_authority host;
		bool ok = http_authority_parse(slice(rows[i].host), &host) == 0 &&
			  access_host_allowed(&a, &host);

		if (ok != rows[i].ok)
			fail_msg("%s", rows[i].host);
	}
}

static void tokens_are_equal_or_not_in_every_place(void **state)
{
	static const char token[] = "0123456789abcdef";
	char other[sizeof(token) + 1];

	(void) state;
	assert_true(access_same_token(token, token));
	for (size_t i = 0; i < sizeof(token) - 1; i++) {
		memcpy(other, token, sizeof(token));
		other[i] ^= 1;
		assert_false(access_same_token(token, other));
		memcpy(other, token, sizeof(token));
		other[i] = '\0';
		assert_false(access_same_token(token, other));
		assert_false(access_same_token(other, token));
	}
	assert_false(access_same_token(token, "0123456789abcdef0"));
	assert_false(access_same_token(token, "0123456789abcdef0123456789abcdef"));
	assert_false(access_same_token("a", ""));
	assert_false(access_same_token("", "a"));
}

static void each_request_is_judged(void **state)
{
	static const struct {
		uint32_t flags;
		const char *head, *query; /* fields beside Host */
		int status;
	} rows[] = {
		{0, "Authorization: Bearer secret\r\n", "", 0},
		{0, "Authorization: bearer secret\r\n", "", 0},
		{0, "", "token=secret", 0},
		{0, "", "a=b&token=s%65cret", 0},
		{0, "", "", 401},
		{0, "", "token=", 401},
		{0, "", "token=secre", 401},
		{0, "", "Token=secret", 401},
		{0, "", "token=x&token=secret", 401},
		{0, "Authorization: Bearer\r\n", "", 401},
		{0, "Authorization: Basic secret\r\n", "", 401},
		{0, "Authorization: Bearer x\r\n", "token=secret", 401},
		{0, "Authorization: Bearer secret\r\nAuthorization: Bearer x\r\n", "", 401},
		{ROUTE_OPEN, "", "", 0},
		{ROUTE_OPEN, "Origin: http://localhost:5001\r\n", "", 0},
		{ROUTE_OPEN, "Origin: http://LOCALHOST:5001\r\n", "", 0},
		{ROUTE_OPEN, "Origin: http://localhost\r\n", "", 403},
		{ROUTE_OPEN, "Origin: https://evil.example\r\n", "", 403},
		{ROUTE_OPEN, "Origin: http://localhost:5001.evil.example\r\n", "", 403},
		{ROUTE_OPEN, "Origin: http://localhost:5001@evil.example\r\n", "", 403},
		{ROUTE_OPEN, "Origin: null\r\n", "", 403},
		{ROUTE_OPEN, "Origin:\r\n", "", 403},
		{ROUTE_OPEN, "Origin: http://localhost:5001\r\nOrigin: http://localhost:5001\r\n",
			"", 403},
		{ROUTE_OPEN, "Sec-Fetch-Site: same-origin\r\n", "", 0},
		{ROUTE_OPEN, "Sec-Fetch-Site: none\r\n", "", 0},
		{ROUTE_OPEN, "Sec-Fetch-Site: cross-site\r\n", "", 403},
		{ROUTE_OPEN, "Sec-Fetch-Site: same-site\r\n", "", 403},
		{ROUTE_OPEN,
			"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
			"Sec-Fetch-Dest: document\r\n",
			"", 403},
		{ROUTE_OPEN | ROUTE_PAGE,
			"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
			"Sec-Fetch-Dest: document\r\n",
			"", 0},
		{ROUTE_OPEN | ROUTE_PAGE,
			"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
			"Sec-Fetch-Dest: iframe\r\n",
			"", 403},
		{ROUTE_OPEN | ROUTE_PAGE,
			"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n"
			"Sec-Fetch-Dest: image\r\n",
			"", 403},
	};
	struct access a = some_access();

	(void) state;
	a.token = "secret";
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_request r = {.path = "/x", .query = slice(rows[i].query)};
		AUTO_FREE char *text = NULL;
		struct http_authority host;
		struct http_head head;
		const char *why = "";
		int n = asprintf(&text, "GET /x HTTP/1.1\r\n%s\r\n", rows[i].head);

		assert_true(n > 0);
		assert_int_equal(http_head_parse(text, (size_t) n, &head), 0);
		assert_int_equal(http_authority_parse(slice("localhost:5001"), &host), 0);
		r.head = &head;
		if (access_judge(&a, &r, &host, rows[i].flags, &why) != rows[i].status)
			fail_msg("row %zu", i);
		assert_int_equal(why[0] != '\0', rows[i].status != 0);
		assert_int_equal(http_authority_parse(slice("evil.example"), &host), 0);
		assert_int_equal(access_judge(&a, &r, &host, rows[i].flags, &why), 421);
	}
}

static void arguments_are_found_and_decoded(void **state)
{
	const struct http_request r = {
		.query = slice(
			"a=b&tok%65n=se+c%72et&token=second&long=123456789012345&bad=%zz&=&")};
	char value[16];

	(void) state;
	assert_true(http_request_argument(&r, "token", value, sizeof(value)));
	assert_string_equal(value, "se cret");
	assert_true(http_request_argument(&r, "long", value, sizeof(value)));
	assert_false(http_request_argument(&r, "long", value, sizeof(value) - 1));
	assert_string_equal(value, "");
	assert_false(http_request_argument(&r, "bad", value, sizeof(value)));
	assert_false(http_request_argument(&r, "toke", value, sizeof(value)));
	assert_false(http_request_argument(&r, "tokens", value, sizeof(value)));
	assert_int_equal(http_request_count(&r, "token"), 2);
	assert_int_equal(http_request_count(&r, "x"), 0);
}

static void paths_are_as_short_as_they_can_be(void **state)
{
	static const char *const rows[][2] = {{"/", "/"}, {"/a", "/a"}, {"/a/", "/a/"},
		{"//a//b", "/a/b"}, {"/a/./b/../c", "/a/c"}, {"/../..", "/"}, {"/a/..", "/"},
		{"/a/b/..", "/a/"}, {"/a/.", "/a/"}, {"/..a/.b/c..", "/..a/.b/c.."}, {"//", "/"},
		{"/x/../capture", "/capture"}, {"/../../etc/passwd", "/etc/passwd"}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *path = strdup(rows[i][0]);

		assert_non_null(path);
		http_clean_path(path);
		assert_string_equal(path, rows[i][1]);
	}
}

/* The comment of the section header for @req. */
static char *comment_of(struct request *req)
{
	static const struct shb_machine machine = {"hw", "Linux"};
	AUTO_FREE uint8_t *out = NULL;
	struct pcapng_block b;
	uint16_t len;
	ssize_t n = shb_build(req, &machine, &out);
	const uint8_t *v;

	assert_true(n > 0 && pcapng_read_block(out, (size_t) n, &b) == n);
	v = pcapng_read_option(&b, 1, &len);
	assert_ptr_equal(v, b.options + 4); /* it comes first */
	return strndup((const char *) v, len);
}

static void the_comment_names_the_target_in_yaml(void **state)
{
	struct request req = {.target = {.name = (char *) "a\"b\\c\nd\x01",
				      .type = (char *) "docker",
				      .node_name = (char *) ""},
		.filter = (char *) "tcp port 80",
		.chaste = true};
	AUTO_FREE char *text = comment_of(&req);

	(void) state;
	assert_string_equal(text, "---\n# capture target information\n"
				  "container-name: \"a\\\"b\\\\c\\x0ad\\x01\"\n"
				  "container-type: \"docker\"\n"
				  "node-name: \"\"\n"
				  "capture-filter: \"tcp port 80\"\n"
				  "no-promiscuous-mode: true\n");
}

static void a_filter_as_long_as_can_be_is_cut(void **state)
{
	static char filter[65536];
	struct request req = {
		.target = {.name = (char *) "x", .type = (char *) "y", .node_name = (char *) ""},
		.filter = filter};
	AUTO_FREE char *text = NULL;

	(void) state;
	memset(filter, '"', 65535);
	text = comment_of(&req);
	assert_true(strlen(text) < 65536 && strstr(text, "capture-filter: \"\\\""));
}

static void a_tag_is_known_if_it_is_in_the_list(void **state)
{
	static const struct {
		const char *list;
		bool is_known;
	} rows[] = {{"\"a.1\"", true}, {"W/\"a.1\"", true}, {"\"x\", \"a.1\"", true}, {"*", true},
		{" \t*", true}, {"\"x\",W/\"y\" ,, \"a.1\"", true}, {"\"a.1,\", \"a.1\"", true},
		{"", false}, {"a.1", false}, {"\"a.1", false}, {"\"a.10\"", false},
		{"\"a.\"", false}, {"w/\"a.1\"", false}, {"\"x\" y, \"a.1\"", false},
		{"\"\"", false}, {"W/", false}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (negotiate_knows(rows[i].list, "\"a.1\"") != rows[i].is_known)
			fail_msg("%s", rows[i].list);
	}
}

static void gzip_is_taken_if_it_is_allowed(void **state)
{
	static const struct {
		const char *list;
		bool takes;
	} rows[] = {{"gzip", true}, {"gzip, deflate, br", true}, {"GZip", true}, {"x-gzip", true},
		{"br;q=1.0, gzip;q=0.8, *;q=0.1", true}, {"identity, gzip;q=0.001", true},
		{"*", true}, {"*;q=0, gzip", true}, {",, \t gzip ; q=1", true},
		{"gzip;level=9;q=0.5", true}, {"", false}, {"identity", false}, {"br", false},
		{"gzip;q=0", false}, {"gzip; Q=0.000 , br", false}, {"gzip;q=0, *", false},
		{"*, gzip;q=0", false}, {"*;q=0", false}, {"*;q=0.", false}, {"gzipped", false},
		{"br;q=gzip", false}, {"g", false}, {";q=0", false}, {"gzip;level=9;q=0", false}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (negotiate_takes_gzip(rows[i].list) != rows[i].takes)
			fail_msg("%s", rows[i].list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_names_that_are_ours_are_answered_to),
		cmocka_unit_test(tokens_are_equal_or_not_in_every_place),
		cmocka_unit_test(each_request_is_judged),
		cmocka_unit_test(arguments_are_found_and_decoded),
		cmocka_unit_test(paths_are_as_short_as_they_can_be),
		cmocka_unit_test(the_comment_names_the_target_in_yaml),
		cmocka_unit_test(a_filter_as_long_as_can_be_is_cut),
		cmocka_unit_test(a_tag_is_known_if_it_is_in_the_list),
		cmocka_unit_test(gzip_is_taken_if_it_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
