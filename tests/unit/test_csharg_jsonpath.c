/* SPDX-License-Identifier: MIT */
/* JSONPath templates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/own.h"
#include "csharg/cli/jsonpath.h"

static const char document[] =
	"[{\"name\":\"web\",\"type\":\"docker\",\"pid\":7,\"node-name\":\"n\","
	"\"network-interfaces\":[\"lo\",\"eth0\"],\"cluster\":null},"
	"{\"name\":\"db\",\"type\":\"pod\",\"pid\":12,\"node-name\":\"\","
	"\"network-interfaces\":[],\"cluster\":{\"uid\":\"u\"}}]";

/* What @template says about the document; @ret_rc is what jsonpath_run() or _parse() returned. */
static char *say(const char *template, const char *missing, int *ret_rc, struct err *e)
{
	const struct jsonpath_style style = {" ", missing};
	AUTO_JSONPATH struct jsonpath *jp = NULL;
	AUTO_TEXT struct text out = {0};
	json_t *root = json_loads(document, 0, NULL);

	assert_non_null(root);
	*ret_rc = jsonpath_parse(template, &jp, e);
	if (*ret_rc == 0)
		*ret_rc = jsonpath_run(jp, root, &style, &out, e);
	json_decref(root);
	return strndup(out.p ? out.p : "", out.len_bytes);
}

static void templates_say_what_is_there(void **state)
{
	static const struct {
		const char *template, *out;
	} cases[] = {
		{"plain", "plain"},
		{"", ""},
		{"{[0].name}", "web"},
		{"{.[0].Name}", "web"},
		{"{$[1]['name']}", "db"},
		{"{[-1].pid}", "12"},
		{"{[*].name}", "web db"},
		{"{[*].NodeName}", "n "},
		{"{[0:1].name}", "web"},
		{"{[::2].name}", "web"},
		{"{[0].network-interfaces}", "[\"lo\",\"eth0\"]"},
		{"{[0].NetworkInterfaces[*]}", "lo eth0"},
		{"{..uid}", "u"},
		{"{[0].cluster.uid}", ""},
		{"{[0].name}{'/'}{[1].name}", "web/db"},
		{"{[0].name '-' [1].name}", "web-db"},
		{"{range [*]}{.name}{\"\\t\"}{$[0].pid}{'\\n'}{end}", "web\t7\ndb\t7\n"},
		{"{range [*]}{range .network-interfaces[*]}<{@}>{end};{end}", "<lo><eth0>;;"},
		{"{[?(@.type==\"pod\")].name}", "db"},
		{"{[?(@.pid >= 7)].name}", "web db"},
		{"{[?(@.pid<12)].name}", "web"},
		{"{[?(@.type != 'pod')].name}", "web"},
		{"{[?(@.cluster.uid)].name}", "db"},
		{"{[?(@.pid==$[1].pid)].name}", "db"},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err e = ERR_NONE;
		int rc;
		AUTO_FREE char *out = say(cases[i].template, NULL, &rc, &e);

		assert_string_equal(e.text, "");
		assert_int_equal(rc, 0);
		assert_string_equal(out, cases[i].out);
	}
}

static void wrong_templates_are_refused_with_words(void **state)
{
	static const char *const wrong[] = {"{", "{.name", "{name}", "{[}", "{[a]}", "{['a}",
		"{end}", "{range [*]}", "{[1:2:0]}", "{[1:2:-1]}", "{[?(@.a==)]}", "{[?(@.a==1]}",
		"{.a..}", "{[99999999999]}", "{[]}", "\xff"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct err e = ERR_NONE;
		int rc;
		AUTO_FREE char *out = say(wrong[i], NULL, &rc, &e);

		assert_int_equal(rc, -EINVAL);
		assert_true(e.text[0]);
		assert_string_equal(out, "");
	}
}

static void what_is_not_there_is_an_error_or_shown_as_missing(void **state)
{
	static const char *const absent[] = {"{[0].nope}", "{[7]}", "{[0].name.x}", "{.name}"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(absent); i++) {
		struct err e = ERR_NONE;
		int rc;
		AUTO_FREE char *shown = NULL;

		free(say(absent[i], NULL, &rc, &e));
		assert_int_equal(rc, -ENOENT);
		assert_non_null(strstr(e.text, "is not found"));
		shown = say(absent[i], "<none>", &rc, &e);
		assert_int_equal(rc, 0);
		assert_string_equal(shown, "<none>");
	}
}

static void nesting_length_and_work_are_bounded(void **state)
{
	AUTO_TEXT struct text ranges = {0}, most = {0};
	AUTO_FREE char *long_one = calloc(1, JSONPATH_TEMPLATE_MAX + 2);
	struct jsonpath *jp = NULL;

	(void) state;
	for (int i = 0; i < JSONPATH_DEPTH_MAX; i++)
		text_put(&most, "{range @}");
	text_put(&ranges, "{range @}");
	text_put_bytes(&ranges, most.p, most.len_bytes);
	for (int i = 0; i < JSONPATH_DEPTH_MAX; i++)
		text_put(&most, "{end}");
	text_put_bytes(&most, "", 1);
	text_put_bytes(&ranges, "", 1);
	assert_int_equal(jsonpath_parse(most.p, &jp, NULL), 0);
	jsonpath_free(jp);
	assert_int_equal(jsonpath_parse(ranges.p, &jp, NULL), -E2BIG);

	assert_non_null(long_one);
	memset(long_one, 'a', JSONPATH_TEMPLATE_MAX);
	assert_int_equal(jsonpath_parse(long_one, &jp, NULL), 0);
	jsonpath_free(jp);
	long_one[JSONPATH_TEMPLATE_MAX] = 'a';
	assert_int_equal(jsonpath_parse(long_one, &jp, NULL), -E2BIG);
}

static void expressions_that_find_too_much_end(void **state)
{
	int rc;
	struct err e = ERR_NONE;
	AUTO_FREE char *values = say("{..[*]..[*]..[*]..[*]..[*]..[*]}{range $..*}{range $..*}"
				     "{range $..*}{range $..*}{range $..*}{range $..*}{end}{end}"
				     "{end}{end}{end}{end}",
		"", &rc, &e);

	(void) state;
	(void) values;
	assert_int_equal(rc, -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_say_what_is_there),
		cmocka_unit_test(wrong_templates_are_refused_with_words),
		cmocka_unit_test(what_is_not_there_is_an_error_or_shown_as_missing),
		cmocka_unit_test(nesting_length_and_work_are_bounded),
		cmocka_unit_test(expressions_that_find_too_much_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
