/* SPDX-License-Identifier: MIT */
/* URLs, targets as JSON, and finding one of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/own.h"
#include "csharg/csharg.h"
#include "csharg/lib/target_json.h"
#include "csharg/lib/url.h"

static void urls_become_their_parts(void **state)
{
	static const struct {
		const char *text, *host, *authority, *path;
		unsigned int port;
		bool tls;
	} cases[] = {
		{"host", "host", "host", "", 0, false},
		{"host:5001", "host", "host:5001", "", 5001, false},
		{"https://host/", "host", "host", "", 0, true},
		{"HTTPS://host", "host", "host", "", 0, true},
		{"http://[2001:db8::1]:80/a/./b/../c//d/", "2001:db8::1", "[2001:db8::1]:80",
			"/a/c/d", 80, false},
		{" http://u:p@host:1/x\n", "host", "host:1", "/x", 1, false},
		{"[fe80::1%25eth0]:5001", "fe80::1", "[fe80::1]:5001", "", 5001, false},
		{"192.0.2.1/../x", "192.0.2.1", "192.0.2.1", "/x", 0, false},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct url u;

		assert_int_equal(url_parse(cases[i].text, &u, NULL), 0);
		assert_string_equal(u.host, cases[i].host);
		assert_string_equal(u.authority, cases[i].authority);
		assert_string_equal(u.path, cases[i].path);
		assert_int_equal(u.port, cases[i].port);
		assert_int_equal(u.tls, cases[i].tls);
	}
}

static void urls_with_more_than_a_place_are_refused(void **state)
{
	static const char *const only[] = {
		"http://host/?x", "http://host/#x", "http:host", "https:/host", "http://host?"};
	static const char *const bad[] = {"", "http://", "http://:80", "host:0", "host:65536",
		"host:x", "[::1", "[zz]", "[::1]x", "ho st", "ho\nst", "ftp://host", "a\\b",
		"http://ho%st", "@host", ":p@host", "u%4:p@host", "[fe80::1%]", "[fe80::1%a/b]",
		"[::1%abcdefghijklmnop]"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(only); i++) {
		struct err e = ERR_NONE;
		struct url u;

		assert_int_equal(url_parse(only[i], &u, &e), -EINVAL);
		assert_string_equal(e.text, "only host name and optional port number allowed");
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct url u;

		assert_int_equal(url_parse(bad[i], &u, NULL), -EINVAL);
	}
}

static void a_url_longer_than_the_limit_is_refused(void **state)
{
	char text[URL_MAX + 1];
	struct url u;

	(void) state;
	memset(text, 'a', sizeof(text));
	text[1] = '/';
	text[URL_MAX - 1] = '\0';
	assert_int_equal(url_parse(text, &u, NULL), 0);
	text[URL_MAX - 1] = 'a';
	text[URL_MAX] = '\0';
	assert_int_equal(url_parse(text, &u, NULL), -EINVAL);
}

static void the_zone_is_part_of_the_url_but_not_of_the_authority(void **state)
{
	char text[URL_MAX];
	struct url u;

	(void) state;
	assert_int_equal(url_parse("[fe80::1%eth0]:5001/p", &u, NULL), 0);
	assert_string_equal(u.zone, "eth0");
	assert_int_equal(url_format(&u, "/x", text, sizeof(text)), 0);
	assert_string_equal(text, "http://[fe80::1%25eth0]:5001/p/x");
	assert_int_equal(url_parse("https://u:p%40%2f@host:1", &u, NULL), 0);
	assert_string_equal(u.user, "u:p@/");
	assert_int_equal(url_format(&u, "", text, sizeof(text)), 0);
	assert_string_equal(text, "https://host:1");
}

static void loopback_is_known_by_its_names(void **state)
{
	static const char *const here[] = {
		"localhost", "LOCALHOST:1", "127.9.9.9", "[::1]:80", "x.localhost"};
	static const char *const there[] = {"host", "128.0.0.1", "localhost.example", "[::2]"};
	struct url u;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(here); i++) {
		assert_int_equal(url_parse(here[i], &u, NULL), 0);
		assert_true(url_is_loopback(&u));
	}
	for (size_t i = 0; i < ARRAY_LEN(there); i++) {
		assert_int_equal(url_parse(there[i], &u, NULL), 0);
		assert_false(url_is_loopback(&u));
	}
}

static void assert_json(const char *in, const char *out)
{
	struct csharg_target *t = NULL;
	AUTO_FREE char *text = NULL;

	assert_int_equal(csharg_target_from_json(in, &t, NULL), 0);
	assert_int_equal(csharg_target_to_json(t, &text), 0);
	assert_string_equal(text, out);
	csharg_target_free(t);
}

static void targets_are_written_in_the_order_of_old_and_omit_what_is_empty(void **state)
{
	(void) state;
	assert_json("{}", "{\"name\":\"\",\"type\":\"\",\"netns\":0,\"network-interfaces\":null,"
			  "\"prefix\":\"\"}");
	assert_json(
		"{\"captureport\":5,\"capture-service\":\"s\",\"cluster\":{\"uid\":\"u\","
		"\"context\":\"c\"},\"node-name\":\"n\",\"pid\":7,\"starttime\":8,\"prefix\":\"p\","
		"\"network-interfaces\":[\"a\",\"b\"],\"netns\":4026531840,\"type\":\"docker\","
		"\"name\":\"x<\",\"other\":[1,{}]}",
		"{\"name\":\"x\\u003c\",\"type\":\"docker\",\"netns\":4026531840,"
		"\"network-interfaces\":[\"a\",\"b\"],\"prefix\":\"p\",\"starttime\":8,\"pid\":7,"
		"\"node-name\":\"n\",\"cluster\":{\"context\":\"c\",\"uid\":\"u\"},"
		"\"capture-service\":\"s\",\"captureport\":5}");
	assert_json("{\"cluster\":{},\"network-interfaces\":[],\"pid\":null}",
		"{\"name\":\"\",\"type\":\"\",\"netns\":0,\"network-interfaces\":[],\"prefix\":"
		"\"\","
		"\"cluster\":{\"context\":\"\"}}");
}

static void descriptions_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {"", "[]", "1", "{", "{\"name\":1}", "{\"netns\":-1}",
		"{\"netns\":1.5}", "{\"network-interfaces\":\"eth0\"}",
		"{\"network-interfaces\":[1]}", "{\"cluster\":1}", "{\"pid\":4294967296}"};
	struct csharg_target *t = NULL;
	struct csharg_error e;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(csharg_target_from_json(bad[i], &t, &e), -EINVAL);
		assert_non_null(strstr(e.text, "invalid target description: "));
	}
	assert_null(t);
}

static void names_are_made_harmless(void **state)
{
	struct csharg_target *t = NULL;

	(void) state;
	assert_int_equal(
		csharg_target_from_json("{\"name\":\"a\\u0000b\\u001b[1m\"}", &t, NULL), 0);
	assert_string_equal(t->name, "a?b?[1m");
	csharg_target_free(t);
}

static const char document[] =
	"{\"metadata\":{},\"containers\":["
	"{\"name\":\"web\",\"type\":\"docker\",\"netns\":2,\"prefix\":\"kind\","
	"\"id\":\"12ab34cd\",\"pid\":77,\"starttime\":1},"
	"{\"name\":\"web\",\"type\":\"docker\",\"netns\":1,\"prefix\":\"\"},"
	"{\"name\":\"default/web\",\"type\":\"pod\",\"netns\":3,\"prefix\":\"\"},"
	"{\"name\":\"init(1)\",\"type\":\"proc\",\"netns\":4,\"prefix\":\"\"},"
	"{\"name\":\"a:b\",\"type\":\"bindmount\",\"netns\":5,\"prefix\":\"\"}]}";

static void lists_are_sorted(void **state)
{
	struct csharg_targets *all = NULL;
	static const uint64_t order[] = {5, 3, 4, 1, 2};

	(void) state;
	assert_int_equal(target_json_list(document, strlen(document), "node", &all, NULL), 0);
	assert_int_equal(all->n, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(all->target[i]->netns, order[i]);
		assert_string_equal(all->target[i]->node_name, "node");
	}
	csharg_targets_free(all);
}

static void targets_are_found_by_the_rules(void **state)
{
	static const struct {
		struct csharg_query q;
		int64_t result; /* namespace, or the error */
		const char *words;
	} cases[] = {
		{{.name = "web"}, -ENOTUNIQ,
			"ambiguous capture target \"web\" matches 2 targets: web (docker, netns "
			"1), "
			"kind:web (docker, netns 2)"},
		{{.name = "Wep"}, -ENOENT, "capture target \"Wep\" not found"},
		{{.name = "wep"}, -ENOENT,
			"capture target \"wep\" not found; similar: web, kind:web"},
		{{.name = "nit", .type_class = CSHARG_NETWORKS}, -ENOENT,
			"capture target \"nit\" not found; similar: init(1)"},
		{{.name = "12ab"}, 2, ""},
		{{.name = "77", .type_class = CSHARG_CONTAINERS}, 2, ""},
		{{.name = "77", .type_class = CSHARG_PODS}, -ENOENT,
			"capture target \"default/77\" not found"},
		{{.name = ":web"}, 1, ""},
		{{.name = "kind:web"}, 2, ""},
		{{.name = "a:b"}, 5, ""},
		{{.name = "web", .type_class = CSHARG_PODS}, 3, ""},
		{{.name = "default/web", .type_class = CSHARG_PODS}, 3, ""},
		{{.name = "web", .type_class = CSHARG_PODS, .pod_namespace = "other"}, -ENOENT,
			"capture target \"other/web\" not found"},
		{{.name = "init(1)", .type_class = CSHARG_NETWORKS, .node = "node"}, 4, ""},
		{{.name = "init(1)", .type_class = CSHARG_CONTAINERS}, -ENOENT,
			"capture target \"init(1)\" not found"},
		{{.name = "init(1)", .node = "else"}, -ENOENT,
			"capture target \"init(1)\" on node \"else\" not found"},
		{{.name = ""}, -EINVAL, "invalid empty capture target name"},
	};
	struct csharg_targets *all = NULL;

	(void) state;
	assert_int_equal(target_json_list(document, strlen(document), "node", &all, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct csharg_target *t = NULL;
		struct csharg_error e = {0, ""};
		int rc = csharg_targets_find(all, &cases[i].q, &t, &e);

		assert_int_equal(rc < 0 ? rc : (int64_t) t->netns, cases[i].result);
		assert_string_equal(e.text, cases[i].words);
	}
	csharg_targets_free(all);
}

/* @n empty arrays as a document. */
static int list_of_values(size_t n)
{
	AUTO_FREE char *text = malloc(3 * n + 64);
	struct csharg_targets *all = NULL;
	char *p = stpcpy(text, "{\"containers\":[],\"x\":[1");
	int rc;

	for (size_t i = 0; i < n; i++)
		p = stpcpy(p, ",1");
	p = stpcpy(p, "]}");
	rc = target_json_list(text, (size_t) (p - text), "", &all, NULL);
	csharg_targets_free(all);
	return rc;
}

static void the_number_of_values_is_bounded(void **state)
{
	(void) state;
	assert_int_equal(list_of_values(JSON_VALUES_MAX - 4), 0);
	assert_int_equal(list_of_values(JSON_VALUES_MAX - 3), -E2BIG);
}

static void clients_need_a_token_that_can_be_sent(void **state)
{
	struct csharg_client_options o = CSHARG_CLIENT_OPTIONS_INIT;
	struct csharg_client *c = NULL;

	(void) state;
	o.token = "a\r\nX: y";
	assert_int_equal(csharg_client_new("host:1/p/", &o, &c, NULL), -EINVAL);
	o.token = "good";
	assert_int_equal(csharg_client_new("host:1/p/", &o, &c, NULL), -EPERM);
	o.plain_token = true;
	assert_int_equal(csharg_client_new("host:1/p/", &o, &c, NULL), 0);
	assert_string_equal(csharg_client_url(c), "http://host:1/p");
	assert_string_equal(csharg_client_host(c), "host");
	csharg_client_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_become_their_parts),
		cmocka_unit_test(urls_with_more_than_a_place_are_refused),
		cmocka_unit_test(the_zone_is_part_of_the_url_but_not_of_the_authority),
		cmocka_unit_test(a_url_longer_than_the_limit_is_refused),
		cmocka_unit_test(loopback_is_known_by_its_names),
		cmocka_unit_test(targets_are_written_in_the_order_of_old_and_omit_what_is_empty),
		cmocka_unit_test(descriptions_that_are_none_are_refused),
		cmocka_unit_test(names_are_made_harmless),
		cmocka_unit_test(lists_are_sorted),
		cmocka_unit_test(targets_are_found_by_the_rules),
		cmocka_unit_test(the_number_of_values_is_bounded),
		cmocka_unit_test(clients_need_a_token_that_can_be_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
