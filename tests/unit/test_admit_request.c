/* SPDX-License-Identifier: MIT */
/* Words of a request become a request, or a refusal in the contract's words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/own.h"
#include "base/utf8.h"
#include "service/admit/request.h"

#define F1 "container and netns query parameters are mutually exclusive"
#define F2 "invalid container/target description: "
#define F4 "either container or netns query parameter required"

static struct request_words words(const char *container, const char *netns)
{
	return (struct request_words){.container = {container, NULL}, .netns = {netns, NULL}};
}

static void expect_refusal(const struct request_words *w, const char *text)
{
	struct request r;
	struct refusal why = {0};

	assert_int_equal(request_decode(w, &r, &why), -EINVAL);
	assert_int_equal(why.http_status, 400);
	assert_int_equal(why.close_code, CLOSE_POLICY);
	assert_string_equal(why.text, text);
}

static void expect_json_refusal(const char *json, const char *part)
{
	struct request_words w = words(json, NULL);
	struct request r;
	struct refusal why = {0};

	assert_int_equal(request_decode(&w, &r, &why), -EINVAL);
	assert_int_equal(strncmp(why.text, F2, strlen(F2)), 0);
	if (!strstr(why.text, part))
		fail_msg("'%s' does not say '%s'", why.text, part);
	assert_true(utf8_valid(why.text, strlen(why.text)));
}

static struct request expect_request(const struct request_words *w)
{
	struct request r;
	struct refusal why = {0};

	if (request_decode(w, &r, &why) != 0)
		fail_msg("refused: %s", why.text);
	return r;
}

static void exactly_one_target_must_be_named(void **state)
{
	struct request_words w = words("{}", "1");

	(void) state;
	expect_refusal(&w, F1);
	w = words("not even JSON", "nonsense");
	expect_refusal(&w, F1);
	w = words(NULL, NULL);
	expect_refusal(&w, F4);
	w = (struct request_words){.target = {"web", NULL}, .netns = {"1", NULL}};
	expect_refusal(&w, "target and netns query parameters are mutually exclusive");
	w = (struct request_words){.target = {"web", NULL}, .container = {NULL, "{}"}};
	expect_refusal(&w, "target and container query parameters are mutually exclusive");
}

static void a_header_replaces_the_query_even_if_empty(void **state)
{
	struct request_words w = {.container = {"{\"name\":\"query\"}", "{\"name\":\"header\"}"},
		.nif = {"eth0", "eth1"},
		.filter = {"tcp", ""},
		.chaste = {NULL, ""}};
	struct request r = expect_request(&w);

	(void) state;
	assert_string_equal(r.target.name, "header");
	assert_int_equal(r.n_names, 1);
	assert_string_equal(r.names[0], "eth1");
	assert_string_equal(r.filter, "");
	assert_true(r.chaste);
	request_done(&r);
	w = (struct request_words){.container = {"{\"name\":\"query\"}", ""}};
	expect_refusal(&w, F2 "unexpected end of JSON input");
	w = (struct request_words){.container = {NULL, "{}"}, .netns = {"1", NULL}};
	expect_refusal(&w, F1);
}

static void a_namespace_is_a_positive_number(void **state)
{
	static const struct {
		const char *text;
		uint64_t inode;
	} good[] = {{"4026531840", 4026531840}, {"+7", 7}, {"007", 7},
		{"9223372036854775807", INT64_MAX}};
	static const char *const bad[] = {"", "0", "-1", "1 ", " 1", "0x10", "1e3", "1.0",
		"9223372036854775808", "99999999999999999999999", "+", "++1", "net:[1]"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct request_words w = words(NULL, good[i].text);
		struct request r = expect_request(&w);

		assert_int_equal(r.target.netns_inode, good[i].inode);
		assert_string_equal(r.target.name, "");
		assert_int_equal(r.target.pid, 0);
		assert_true(r.all);
		request_done(&r);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct request_words w = words(NULL, bad[i]);
		char text[64];

		(void) snprintf(text, sizeof(text), "invalid netns \"%s\"", bad[i]);
		expect_refusal(&w, text);
	}
}

static void long_words_are_cut_and_made_printable_in_refusals(void **state)
{
	char value[4000], expected[128];
	struct request_words w = words(NULL, value);

	(void) state;
	memset(value, 'x', sizeof(value));
	value[0] = '\n';
	value[sizeof(value) - 1] = '\0';
	(void) snprintf(expected, sizeof(expected), "invalid netns \"?%.*s...\"", UTF8_WORD_MAX - 5,
		value + 1);
	expect_refusal(&w, expected);
}

static void a_full_description_is_understood(void **state)
{
	struct request_words w =
		words("{\"name\":\"web\",\"type\":\"docker\",\"netns\":4026532841,"
		      "\"network-interfaces\":[\"eth0\",\"lo\"],\"prefix\":\"kind\","
		      "\"starttime\":1234567,\"pid\":4711,\"node-name\":\"box\","
		      "\"cluster\":{\"context\":\"c\",\"uid\":\"u-1\"},"
		      "\"capture-service\":\"s\",\"captureport\":80}",
			NULL);
	struct request r = expect_request(&w);

	(void) state;
	assert_string_equal(r.target.name, "web");
	assert_string_equal(r.target.type, "docker");
	assert_string_equal(r.target.prefix, "kind");
	assert_string_equal(r.target.node_name, "box");
	assert_true(r.target.has_cluster);
	assert_string_equal(r.target.cluster_uid, "u-1");
	assert_int_equal(r.target.netns_inode, 4026532841);
	assert_int_equal(r.target.pid, 4711);
	assert_int_equal(r.target.starttime_ticks, 1234567);
	assert_int_equal(r.nif, NIF_LISTED);
	assert_int_equal(r.n_names, 2);
	assert_int_equal(r.snaplen, CONF_SNAPLEN_MAX);
	assert_false(r.chaste);
	request_done(&r);
}

static void descriptions_are_read_leniently(void **state)
{
	static const struct {
		const char *json, *name;
		uint64_t netns;
	} cases[] = {
		{"null", "", 0},
		{" {} ", "", 0},
		{"{\"NAME\":\"a\",\"NetNS\":5}", "a", 5},
		{"{\"Name\":\"a\",\"name\":\"b\"}", "b", 0},
		{"{\"name\":\"b\",\"NAME\":\"a\"}", "b", 0},
		{"{\"Name\":\"a\",\"NAME\":\"b\"}", "b", 0},
		{"{\"name\":\"a\",\"name\":\"b\"}", "b", 0},
		{"{\"name\":null,\"netns\":null,\"network-interfaces\":null,\"cluster\":null}", "",
			0},
		{"{\"future\":{\"a\":[1,2.5,\"x\"]},\"name\":\"a\"}", "a", 0},
		{"{\"name\":\"\\u00e4\\u20ac\"}", "\xc3\xa4\xe2\x82\xac", 0},
		{"{\"netns\":9223372036854775807}", "", INT64_MAX},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct request_words w = words(cases[i].json, NULL);
		struct request r = expect_request(&w);

		assert_string_equal(r.target.name, cases[i].name);
		assert_int_equal(r.target.netns_inode, cases[i].netns);
		assert_true(r.all);
		request_done(&r);
	}
}

static void bad_descriptions_are_refused(void **state)
{
	static const struct {
		const char *json, *part;
	} cases[] = {
		{"", "unexpected end"},
		{" \t\n", "unexpected end"},
		{"{", "line 1"},
		{"{} x", "line 1"},
		{"[]", "must be an object"},
		{"5", "must be an object"},
		{"\"x\"", "must be an object"},
		{"true", "must be an object"},
		{"{\"name\":5}", "\"name\" must be a string"},
		{"{\"type\":[]}", "\"type\" must be a string"},
		{"{\"prefix\":{}}", "\"prefix\" must be a string"},
		{"{\"node-name\":true}", "\"node-name\" must be a string"},
		{"{\"netns\":\"5\"}", "\"netns\" must be a whole number"},
		{"{\"netns\":1.0}", "\"netns\" must be a whole number"},
		{"{\"netns\":1e3}", "\"netns\" must be a whole number"},
		{"{\"netns\":-1}", "\"netns\" is out of range"},
		{"{\"netns\":99999999999999999999}", "too big integer"},
		{"{\"pid\":-5}", "\"pid\" is out of range"},
		{"{\"pid\":4294967296}", "\"pid\" is out of range"},
		{"{\"starttime\":\"1\"}", "\"starttime\" must be a whole number"},
		{"{\"network-interfaces\":\"eth0\"}", "\"network-interfaces\" must be a list"},
		{"{\"network-interfaces\":[1]}", "\"network-interfaces\" must be a list"},
		{"{\"cluster\":\"x\"}", "\"cluster\" must be an object"},
		{"{\"cluster\":{\"uid\":1}}", "\"uid\" must be a string"},
		{"{\"captureport\":\"80\"}", "\"captureport\" must be a whole number"},
		{"{\"capture-service\":1}", "\"capture-service\" must be a string"},
		{"{\"name\":\"a\\u0000b\"}", "\"name\" holds a NUL character"},
		{"{\"name\":\"\xff\"}", "unable to decode"},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect_json_refusal(cases[i].json, cases[i].part);
}

static void depth_and_size_are_bounded(void **state)
{
	char text[REQUEST_JSON_MAX + 2];
	struct request_words w = words(text, NULL);
	struct request r;

	(void) state;
	for (int depth = REQUEST_DEPTH_MAX - 1; depth <= REQUEST_DEPTH_MAX; depth++) {
		char *p = text + sprintf(text, "{\"x\":");

		for (int i = 0; i < depth; i++)
			*p++ = '[';
		for (int i = 0; i < depth; i++)
			*p++ = ']';
		strcpy(p, ",\"name\":\"a\\\"[[[[\"}");
		if (depth == REQUEST_DEPTH_MAX)
			expect_json_refusal(text, "nested more than 32 levels deep");
		else {
			r = expect_request(&w);
			assert_string_equal(r.target.name, "a\"[[[[");
			request_done(&r);
		}
	}
	memset(text, ' ', sizeof(text));
	memcpy(text, "{}", 2);
	text[REQUEST_JSON_MAX] = '\0';
	r = expect_request(&w);
	request_done(&r);
	text[REQUEST_JSON_MAX] = ' ';
	text[REQUEST_JSON_MAX + 1] = '\0';
	expect_json_refusal(text, "more than 65536 bytes");
}

static void strings_are_bounded(void **state)
{
	char text[REQUEST_NAME_MAX + 64];

	(void) state;
	for (int len = REQUEST_NAME_MAX - 1; len <= REQUEST_NAME_MAX; len++) {
		struct request_words w = words(text, NULL);
		char *p = text + sprintf(text, "{\"name\":\"");
		struct request r;

		memset(p, 'n', (size_t) len);
		strcpy(p + len, "\"}");
		if (len == REQUEST_NAME_MAX) {
			expect_json_refusal(text, "\"name\" is too long");
			continue;
		}
		r = expect_request(&w);
		assert_int_equal(strlen(r.target.name), len);
		request_done(&r);
	}
}

static void pid_and_start_time_count_only_together(void **state)
{
	static const char *const halves[] = {"{\"netns\":5,\"pid\":7}",
		"{\"netns\":5,\"starttime\":7}", "{\"netns\":5,\"pid\":7,\"starttime\":0}"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(halves); i++) {
		struct request_words w = words(halves[i], NULL);
		struct request r = expect_request(&w);

		assert_int_equal(r.target.pid, 0);
		assert_int_equal(r.target.starttime_ticks, 0);
		assert_int_equal(r.target.netns_inode, 5);
		request_done(&r);
	}
}

static void interfaces_follow_the_contract(void **state)
{
	static const char none[] = "{}", list[] = "{\"network-interfaces\":[\"a\",\"b\",\"a\"]}",
			  empty[] = "{\"network-interfaces\":[]}",
			  blank[] = "{\"network-interfaces\":[\"\",\"b\"]}",
			  any[] = "{\"network-interfaces\":[\"any\"]}",
			  nul[] = "{\"network-interfaces\":[\"eth0\\u0000\",null]}";
	static const struct {
		const char *json, *nif;
		enum request_nif from;
		const char *names; /* joined by blanks */
	} cases[] = {
		{none, NULL, NIF_ALL, ""},
		{none, "any", NIF_ALL, ""},
		{none, "all", NIF_ALL, ""},
		{none, "", NIF_ALL, ""},
		{none, "/eth0", NIF_ALL, ""},
		{none, "eth0", NIF_CHOSEN, "eth0"},
		{none, "eth0/lo/eth0", NIF_CHOSEN, "eth0 lo"},
		{none, "eth0/", NIF_CHOSEN, "eth0 "},
		{none, "any/lo", NIF_CHOSEN, "any lo"},
		{none, "ANY", NIF_CHOSEN, "ANY"},
		{list, NULL, NIF_LISTED, "a b"},
		{list, "any", NIF_LISTED, "a b"},
		{list, "all", NIF_LISTED, "a b"},
		{list, "", NIF_ALL, ""},
		{list, "/c", NIF_ALL, ""},
		{list, "c", NIF_CHOSEN, "c"},
		{empty, NULL, NIF_ALL, ""},
		{blank, NULL, NIF_ALL, ""},
		{any, NULL, NIF_ALL, ""},
		{nul, NULL, NIF_LISTED, "eth0/ "},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct request_words w = words(cases[i].json, NULL);
		char joined[64] = "";
		struct request r;

		w.nif.query = cases[i].nif;
		r = expect_request(&w);
		for (uint32_t n = 0; n < r.n_names; n++) {
			strcat(joined, n ? " " : "");
			strcat(joined, r.names[n]);
		}
		assert_string_equal(joined, cases[i].names);
		assert_int_equal(r.nif, cases[i].from);
		assert_int_equal(r.all, cases[i].from == NIF_ALL);
		assert_int_equal(r.has_nif, cases[i].nif != NULL);
		request_done(&r);
	}
}

static void the_number_of_interfaces_is_bounded(void **state)
{
	char nif[CONF_NAMES_MAX * 8];
	struct request_words w = words("{}", NULL);

	(void) state;
	w.nif.query = nif;
	for (int n = CONF_NAMES_MAX; n <= CONF_NAMES_MAX + 1; n++) {
		char *p = nif;
		struct request r;

		for (int i = 0; i < n; i++)
			p += sprintf(p, "%se%d", i ? "/" : "", i);
		if (n > CONF_NAMES_MAX) {
			expect_refusal(&w, "more than 768 network interfaces; leave nif out to "
					   "capture from all");
			continue;
		}
		strcpy(p, "/e0/e1"); /* doubles do not count */
		r = expect_request(&w);
		assert_int_equal(r.n_names, CONF_NAMES_MAX);
		request_done(&r);
	}
}

static void snap_lengths_are_clamped(void **state)
{
	static const struct {
		const char *text;
		uint32_t snaplen;
	} good[] = {{NULL, CONF_SNAPLEN_MAX}, {"0", CONF_SNAPLEN_MAX}, {"1", 1}, {"262144", 262144},
		{"262145", CONF_SNAPLEN_MAX}, {"4294967295", CONF_SNAPLEN_MAX}};
	static const char *const bad[] = {"", "-1", "4294967296", "ten", "1k"};
	struct request_words w = words("{}", NULL);

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct request r;

		w.snaplen.query = good[i].text;
		r = expect_request(&w);
		assert_int_equal(r.snaplen, good[i].snaplen);
		request_done(&r);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char text[64];

		w.snaplen.query = bad[i];
		(void) snprintf(text, sizeof(text), "invalid snaplen \"%s\"", bad[i]);
		expect_refusal(&w, text);
	}
}

static void short_names_are_kept_whole(void **state)
{
	struct request_words w = {.target = {"kind:web", NULL}};
	struct request r = expect_request(&w);

	(void) state;
	assert_true(r.target.by_short_name);
	assert_string_equal(r.target.name, "kind:web");
	assert_string_equal(r.target.prefix, "");
	request_done(&r);
	w.target.query = "";
	expect_refusal(&w, "invalid target: empty name");
}

static void statistics_come_at_the_end_unless_live_ones_are_asked_for(void **state)
{
	static const struct {
		const char *word;
		int rc;
		bool is_live;
	} rows[] = {{NULL, 0, false}, {"", 0, false}, {"end", 0, false}, {"live", 0, true},
		{"Live", -EINVAL, false}, {"1", -EINVAL, false}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct request_words w = {
			.netns.query = "1", .statistics.query = rows[i].word};
		struct refusal why;
		struct request r;

		assert_int_equal(request_decode(&w, &r, &why), rows[i].rc);
		if (rows[i].rc < 0)
			continue;
		assert_true(r.wants_live_statistics == rows[i].is_live);
		request_done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statistics_come_at_the_end_unless_live_ones_are_asked_for),
		cmocka_unit_test(exactly_one_target_must_be_named),
		cmocka_unit_test(a_header_replaces_the_query_even_if_empty),
		cmocka_unit_test(a_namespace_is_a_positive_number),
		cmocka_unit_test(long_words_are_cut_and_made_printable_in_refusals),
		cmocka_unit_test(a_full_description_is_understood),
		cmocka_unit_test(descriptions_are_read_leniently),
		cmocka_unit_test(bad_descriptions_are_refused),
		cmocka_unit_test(depth_and_size_are_bounded),
		cmocka_unit_test(strings_are_bounded),
		cmocka_unit_test(pid_and_start_time_count_only_together),
		cmocka_unit_test(interfaces_follow_the_contract),
		cmocka_unit_test(the_number_of_interfaces_is_bounded),
		cmocka_unit_test(snap_lengths_are_clamped),
		cmocka_unit_test(short_names_are_kept_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
