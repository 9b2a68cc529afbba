/* SPDX-License-Identifier: MIT */
/* Who may ask, and what the section header says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "service/serve/access.h"
#include "service/serve/negotiate.h"
#include "service/serve/shb.h"
#include "support/pcapng_read.h"

static struct config some_config(void)
{
	struct config c = {.n_allow_host = 1,
		.allow_host = {"capture.example"},
		.hostname = "host1",
		.hardware = "hw",
		.os = "Linux"};

	return c;
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
		{"[::1].evil.example", true}, {"[::1", false}, {"capture.example.evil", false}};
	const struct config c = some_config();

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		/* behind a bracket nothing is a name that could be rebound */
		if (access_host_allowed(&c, rows[i].host) != rows[i].ok)
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
		struct access_request r;
		int status;
	} rows[] = {
		{{.path = "/", .host = "localhost", .authorization = "Bearer secret"}, 0},
		{{.path = "/", .host = "localhost", .authorization = "bearer secret"}, 0},
		{{.path = "/", .host = "localhost", .token = "secret"}, 0},
		{{.path = "/", .host = "localhost"}, 401},
		{{.path = "/", .host = "localhost", .token = ""}, 401},
		{{.path = "/", .host = "localhost", .token = "secre"}, 401},
		{{.path = "/", .host = "localhost", .authorization = "Bearer secret "}, 401},
		{{.path = "/", .host = "localhost", .authorization = "Basic secret"}, 401},
		{{.path = "/", .host = "localhost", .authorization = "Bearer x", .token = "secret"},
			401},
		{{.path = "/healthz", .host = "localhost"}, 0},
		{{.path = "/version", .host = "localhost"}, 0},
		{{.path = "/healthz/", .host = "localhost"}, 401},
		{{.path = "/healthz", .host = "evil.example"}, 421},
		{{.path = "/healthz"}, 421},
		{{.path = "/version", .host = "localhost:5001", .origin = "http://localhost:5001"},
			0},
		{{.path = "/version", .host = "localhost:5001", .origin = "http://localhost"}, 403},
		{{.path = "/version", .host = "localhost", .origin = "https://evil.example"}, 403},
		{{.path = "/version", .host = "localhost", .origin = "null"}, 403},
		{{.path = "/version", .host = "localhost", .origin = ""}, 403},
	};
	struct config c = some_config();

	(void) state;
	c.token = (char *) "secret";
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *why = "";

		if (access_judge(&c, &rows[i].r, &why) != rows[i].status)
			fail_msg("row %zu", i);
		assert_int_equal(why[0] != '\0', rows[i].status != 0);
	}
}

/* The comment of the section header for @req. */
static char *comment_of(struct request *req)
{
	const struct config c = some_config();
	AUTO_FREE uint8_t *out = NULL;
	struct pcapng_block b;
	uint16_t len;
	ssize_t n = shb_build(req, &c, &out);
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
		cmocka_unit_test(the_comment_names_the_target_in_yaml),
		cmocka_unit_test(a_filter_as_long_as_can_be_is_cut),
		cmocka_unit_test(a_tag_is_known_if_it_is_in_the_list),
		cmocka_unit_test(gzip_is_taken_if_it_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
