/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/own.h"
#include "discover/engine/docker_json.h"

/* The parsers may change what they are given. */
static int parse_list(const char *text, struct engine_list *ret)
{
	AUTO_FREE char *copy = strdup(text);

	return docker_parse_list(copy, strlen(copy), ret);
}

static int parse_inspect(const char *text, struct engine_container *ret)
{
	AUTO_FREE char *copy = strdup(text);

	return docker_parse_inspect(copy, strlen(copy), ret);
}

static void lists_are_sorted_and_have_no_id_twice(void **state)
{
	struct engine_list l;

	(void) state;
	assert_int_equal(parse_list("[{\"Id\":\"bb\",\"Names\":[\"/two\"],\"State\":\"paused\"},"
				    "{\"Id\":\"aa\",\"Names\":[\"/one\"],\"State\":\"running\"},"
				    "{\"Id\":\"bb\",\"Names\":[\"/again\"]}]",
				 &l),
		0);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.v[0].name, "one");
	assert_false(l.v[0].paused);
	assert_non_null(engine_list_find(&l, "bb"));
	assert_null(engine_list_find(&l, "b"));
	engine_list_done(&l);
}

static void a_container_goes_by_its_own_name_not_by_a_link(void **state)
{
	struct engine_list l;

	(void) state;
	assert_int_equal(
		parse_list("[{\"Id\":\"a\",\"Names\":[\"/other/alias\",\"/web\"]}]", &l), 0);
	assert_string_equal(l.v[0].name, "web");
	engine_list_done(&l);
}

static void a_container_without_a_name_goes_by_its_id(void **state)
{
	struct engine_list l;

	(void) state;
	assert_int_equal(parse_list("[{\"Id\":\"0123456789abcdef\",\"Names\":null}]", &l), 0);
	assert_string_equal(l.v[0].name, "0123456789ab");
	engine_list_done(&l);
}

static void malformed_entries_are_left_out(void **state)
{
	struct engine_list l;

	(void) state;
	assert_int_equal(parse_list("[null,7,{},{\"Id\":7},{\"Id\":\"../x\"},{\"Id\":\"\"},"
				    "{\"Id\":\"a\",\"Names\":[7]},{\"Id\":\"b\",\"Names\":{}}]",
				 &l),
		0);
	assert_int_equal(l.n, 2);
	engine_list_done(&l);
}

static void hostile_bytes_in_names_are_replaced(void **state)
{
	struct engine_list l;

	(void) state;
	assert_int_equal(
		parse_list("[{\"Id\":\"a\",\"Names\":[\"/x\xff\xc3\xa4\\u0007\x01\"]}]", &l), 0);
	assert_string_equal(l.v[0].name, "x?\xc3\xa4??");
	engine_list_done(&l);
}

/* As an image may have them in its labels: they must not cost the list. */
static void escapes_that_stand_for_nothing_are_replaced(void **state)
{
	static const struct {
		const char *raw, *clean;
	} cases[] = {
		{"a\\u0000b", "a?b"},
		{"\\ud800", "?"},
		{"\\udc00\\ud800", "??"},
		{"\\ud83e\\udd88", "\xf0\x9f\xa6\x88"},
		{"\\ud800\\ud83e\\udd88", "?\xf0\x9f\xa6\x88"},
		{"\\ud800\\n", "??"},
		{"\\\\u0000", "\\u0000"},
		{"\\\"\\u0041", "\"A"},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct engine_list l;
		char text[256];

		(void) snprintf(text, sizeof(text),
			"[{\"Id\":\"a\",\"Names\":[\"/%s\"],\"Labels\":{\"k%s\":\"v\"}}]",
			cases[i].raw, cases[i].raw);
		assert_int_equal(parse_list(text, &l), 0);
		assert_string_equal(l.v[0].name, cases[i].clean);
		assert_int_equal(l.v[0].labels.n, 1);
		assert_string_equal(labels_key(&l.v[0].labels, 0) + 1, cases[i].clean);
		engine_list_done(&l);
	}
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const texts[] = {"", "{}", "[", "null", "[}", "<html>", "[] []"};
	struct engine_list l = {.n = 99};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(parse_list(texts[i], &l), -EBADMSG);
	assert_int_equal(l.n, 99);
	assert_int_equal(docker_parse_list(NULL, 0, &l), -EBADMSG);
}

static void lists_stop_at_their_limit(void **state)
{
	size_t cap = (ENGINE_CONTAINERS_MAX + 1) * 24, at = 1;
	char *text = malloc(cap);
	struct engine_list l;

	(void) state;
	text[0] = '[';
	for (int i = 0; i <= ENGINE_CONTAINERS_MAX; i++)
		at += (size_t) snprintf(
			text + at, cap - at, "%s{\"Id\":\"c%06d\"}", i ? "," : "", i);
	text[at++] = ']';
	assert_int_equal(docker_parse_list(text, at, &l), 0);
	assert_int_equal(l.n, ENGINE_CONTAINERS_MAX);
	engine_list_done(&l);
	free(text);
}

static void details_tell_process_and_state(void **state)
{
	struct engine_container c;

	(void) state;
	assert_int_equal(parse_inspect("{\"Id\":\"a\",\"Name\":\"/web\",\"State\":{\"Status\":"
				       "\"paused\",\"Paused\":true,\"Pid\":4711}}",
				 &c),
		0);
	assert_string_equal(c.name, "web");
	assert_int_equal(c.pid, 4711);
	assert_true(c.paused);
	assert_false(c.over);
	engine_container_done(&c);
}

static void details_of_ended_containers_say_so(void **state)
{
	static const char *const ended[] = {"exited", "dead", "removing"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(ended); i++) {
		struct engine_container c;
		char text[128];

		(void) snprintf(text, sizeof(text),
			"{\"Id\":\"a\",\"Name\":\"/w\",\"State\":{\"Status\":\"%s\",\"Pid\":0}}",
			ended[i]);
		assert_int_equal(parse_inspect(text, &c), 0);
		assert_true(c.over);
		engine_container_done(&c);
	}
}

static void impossible_pids_are_no_pids(void **state)
{
	static const char *const pids[] = {
		"-1", "0", "4194305", "9223372036854775807", "\"1\"", "1.5"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		struct engine_container c;
		char text[128];

		(void) snprintf(
			text, sizeof(text), "{\"Id\":\"a\",\"State\":{\"Pid\":%s}}", pids[i]);
		assert_int_equal(parse_inspect(text, &c), 0);
		assert_int_equal(c.pid, 0);
		engine_container_done(&c);
	}
}

static void only_an_api_version_makes_an_engine(void **state)
{
	static const char *const bad[] = {
		NULL, "", "1", "1.", "1.4.1", "1.4/../x", "1.000000000000000000", ".4"};
	struct docker_version v;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(docker_version_read("Docker/1", bad[i], "4.3.1", &v), -EBADMSG);
	assert_int_equal(docker_version_read("Docker/20.10.24+dfsg1 (linux)", "1.41", NULL, &v), 0);
	assert_string_equal(v.api, "1.41");
	assert_string_equal(v.version, "20.10.24+dfsg1");
	assert_string_equal(v.libpod, "");
	assert_int_equal(docker_version_read("Libpod/4.3.1 (linux)", "1.41", "4.3.1", &v), 0);
	assert_string_equal(v.version, "4.3.1");
	assert_string_equal(v.libpod, "4.3.1");
}

static void a_strange_server_has_the_version_it_tells(void **state)
{
	static const struct {
		const char *server, *version;
	} rows[] = {{NULL, ""}, {"", ""}, {"Docker", ""}, {"Docker/", ""}, {"/1", "1"},
		{"Docker/1\xff\x07", "1??"}};
	char server[2 * DOCKER_TEXT_MAX] = "Docker/";
	struct docker_version v;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(docker_version_read(rows[i].server, "1.41", "x", &v), 0);
		assert_string_equal(v.version, rows[i].version);
		assert_string_equal(v.libpod, "");
	}
	memset(server + strlen(server), '1', sizeof(server) - strlen(server) - 1);
	assert_int_equal(docker_version_read(server, "1.41", NULL, &v), 0);
	assert_int_equal(strlen(v.version), DOCKER_TEXT_MAX - 1);
}

static void a_new_list_inherits_what_was_known(void **state)
{
	struct engine_list before, next;

	(void) state;
	assert_int_equal(parse_list("[{\"Id\":\"a\",\"Names\":[\"/w\"]}]", &before), 0);
	before.v[0].pid = 17;
	before.v[0].host_pid = 4711;
	assert_int_equal(parse_list("[{\"Id\":\"a\",\"Names\":[\"/w\"]}]", &next), 0);
	assert_false(engine_list_inherit(&next, &before));
	assert_int_equal(next.v[0].host_pid, 4711);
	engine_list_done(&next);
	assert_int_equal(parse_list("[{\"Id\":\"a\",\"Names\":[\"/renamed\"]}]", &next), 0);
	assert_true(engine_list_inherit(&next, &before));
	engine_list_done(&next);
	assert_int_equal(parse_list("[{\"Id\":\"b\",\"Names\":[\"/w\"]}]", &next), 0);
	assert_true(engine_list_inherit(&next, &before));
	assert_int_equal(next.v[0].host_pid, 0);
	engine_list_done(&next);
	engine_list_done(&before);
}

static void details_bring_labels_and_tell_privileged_containers(void **state)
{
	struct engine_container c;

	(void) state;
	assert_int_equal(
		parse_inspect("{\"Id\":\"a\",\"Config\":{\"Labels\":{\"b\":\"2\",\"a\":\"1\\n\","
			      "\"n\":7,\"gostwire/container/privileged\":\"me too\"}},"
			      "\"HostConfig\":{\"Privileged\":true}}",
			&c),
		0);
	assert_int_equal(c.labels.n, 4);
	assert_string_equal(labels_key(&c.labels, 0), "a");
	assert_string_equal(labels_value(&c.labels, 0), "1?");
	assert_string_equal(labels_get(&c.labels, "gostwire/container/privileged"), "");
	assert_string_equal(
		labels_get(&c.labels, "github.com/thediveo/whalewatcher/moby/privileged"), "");
	engine_container_done(&c);
	assert_int_equal(
		parse_inspect("{\"Id\":\"a\",\"Config\":{\"Labels\":{\"x\":\"\","
			      "\"gostwire/container/privileged\":\"\"}},\"HostConfig\":{}}",
			&c),
		0);
	assert_int_equal(c.labels.n, 1);
	engine_container_done(&c);
}

static void a_new_list_keeps_the_labels_of_details(void **state)
{
	static const char list[] = "[{\"Id\":\"a\",\"Labels\":{\"from\":\"list\"}}]";
	struct engine_container c;
	struct engine_list l = {0}, next;

	(void) state;
	assert_int_equal(
		parse_inspect("{\"Id\":\"a\",\"Config\":{\"Labels\":{\"from\":\"details\"}}}", &c),
		0);
	assert_int_equal(engine_list_put(&l, &c), 0);
	assert_int_equal(parse_list(list, &next), 0);
	assert_string_equal(labels_get(&next.v[0].labels, "from"), "list");
	(void) engine_list_inherit(&next, &l);
	assert_string_equal(labels_get(&next.v[0].labels, "from"), "details");
	assert_int_equal(next.label_bytes, next.v[0].labels.len_bytes);
	engine_list_done(&l);
	engine_list_done(&next);
}

static void single_containers_are_put_in_order(void **state)
{
	struct engine_list l = {0};
	static const char *const ids[] = {"m", "c", "x", "c", "a"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct engine_container c = {.name = strdup("n"), .pid = (int32_t) i};

		(void) snprintf(c.id, sizeof(c.id), "%s", ids[i]);
		assert_int_equal(engine_list_put(&l, &c), 0);
	}
	assert_int_equal(l.n, 4);
	assert_string_equal(l.v[0].id, "a");
	assert_string_equal(l.v[3].id, "x");
	assert_int_equal(engine_list_find(&l, "c")->pid, 3);
	engine_list_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_sorted_and_have_no_id_twice),
		cmocka_unit_test(a_container_goes_by_its_own_name_not_by_a_link),
		cmocka_unit_test(a_container_without_a_name_goes_by_its_id),
		cmocka_unit_test(malformed_entries_are_left_out),
		cmocka_unit_test(hostile_bytes_in_names_are_replaced),
		cmocka_unit_test(escapes_that_stand_for_nothing_are_replaced),
		cmocka_unit_test(what_is_no_list_is_refused),
		cmocka_unit_test(lists_stop_at_their_limit),
		cmocka_unit_test(details_tell_process_and_state),
		cmocka_unit_test(details_of_ended_containers_say_so),
		cmocka_unit_test(impossible_pids_are_no_pids),
		cmocka_unit_test(only_an_api_version_makes_an_engine),
		cmocka_unit_test(a_strange_server_has_the_version_it_tells),
		cmocka_unit_test(a_new_list_inherits_what_was_known),
		cmocka_unit_test(details_bring_labels_and_tell_privileged_containers),
		cmocka_unit_test(a_new_list_keeps_the_labels_of_details),
		cmocka_unit_test(single_containers_are_put_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
