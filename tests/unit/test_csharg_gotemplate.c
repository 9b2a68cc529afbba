/* SPDX-License-Identifier: MIT */
/* Go templates of "csharg list -o go-template". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/own.h"
#include "csharg/cli/document.h"
#include "csharg/cli/gotemplate.h"

static const char document[] =
	"[{\"name\":\"a\",\"type\":\"docker\",\"pid\":1,\"network-interfaces\":[\"lo\",\"eth0\"],"
	"\"cluster\":null},{\"name\":\"b\",\"type\":\"pod\",\"pid\":20,\"network-interfaces\":[],"
	"\"cluster\":{\"context\":\"x\",\"uid\":\"\"}}]";

/* What @template makes of the document, or the words of the error. Owned by the caller. */
static char *made(const char *template)
{
	AUTO_GOTEMPLATE struct gotemplate *t = NULL;
	AUTO_JSON json_t *root = json_loads(document, 0, NULL);
	AUTO_TEXT struct text out = {0};
	struct err e = ERR_NONE;

	assert_non_null(root);
	if (gotemplate_parse(template, &t, &e) < 0 || gotemplate_run(t, root, &out, &e) < 0) {
		assert_true(e.code < 0);
		return strdup(e.text);
	}
	return strndup(out.p ? out.p : "", out.len_bytes);
}

struct pair {
	const char *template, *out;
};

static void check(const struct pair *pair, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *out = made(pair[i].template);

		assert_string_equal(out, pair[i].out);
	}
}

static void values_are_printed_as_go_does(void **state)
{
	static const struct pair pairs[] = {
		{"plain { } text\n", "plain { } text\n"},
		{"", ""},
		{"{{len .}}", "2"},
		{"{{(index . 0).name}} {{(index . 0).Name}}", "a a"},
		{"{{(index . 0).NetworkInterfaces}}", "[lo eth0]"},
		{"{{(index . 1).cluster}}", "map[context:x uid:]"},
		{"{{(index . 0).cluster}} {{(index . 0).nope.more}}", "<no value> <no value>"},
		{"{{\"a\\tb\\\"\"}}{{`raw\\n`}}{{12}} {{-3}} {{1.5}} {{true}}",
			"a\tb\"raw\\n12 -3 1.5 true"},
		{"{{/* a comment */}}x{{- /* b */ -}} y", "xy"},
		{"a \n{{- \"b\" -}}\n c", "abc"},
		{"{{ \"}}\" }}", "}}"},
		{"{{(index . 0).type | printf \"%s-%s\" \"x\" | len}}", "8"},
	};

	(void) state;
	check(pairs, ARRAY_LEN(pairs));
}

static void blocks_choose_and_repeat(void **state)
{
	static const struct pair pairs[] = {
		{"{{range .}}{{.name}}={{.pid}};{{end}}", "a=1;b=20;"},
		{"{{range $i, $t := .}}{{$i}}{{$t.name}}{{end}}", "0a1b"},
		{"{{range $t := .}}{{$t.name}}{{range "
		 "$t.NetworkInterfaces}}.{{.}}{{else}}-{{end}}{{"
		 "end}}",
			"a.lo.eth0b-"},
		{"{{range $k, $v := (index . 1).cluster}}{{$k}}={{$v}} {{end}}", "context=x uid= "},
		{"{{range .}}{{if eq .type \"pod\"}}P{{else if eq .pid 1}}1{{else}}?{{end}}{{end}}",
			"1P"},
		{"{{with (index . 0).name}}[{{.}}]{{end}}{{with (index . "
		 "0).cluster}}x{{else}}none{{end}}",
			"[a]none"},
		{"{{$n := 0}}{{range .}}{{$n = .pid}}{{end}}{{$n}}", "20"},
		{"{{range .}}{{len $}}{{end}}", "22"},
		{"{{if not 0}}a{{end}}{{if \"\"}}b{{end}}{{if 0.0}}c{{end}}", "a"},
		{"{{range (index . 1).NetworkInterfaces}}{{end}}{{range nil}}{{else}}e{{end}}",
			"e"},
	};

	(void) state;
	check(pairs, ARRAY_LEN(pairs));
}

static void functions_are_those_of_the_list(void **state)
{
	static const struct pair pairs[] = {
		{"{{and 1 0 2}}{{or 0 \"\" 3}}{{not true}}", "03false"},
		{"{{eq 1 2 1}}{{ne \"a\" \"a\"}}{{lt 1 2}}{{le 2 2}}{{gt \"b\" \"a\"}}{{ge 1 2.5}}",
			"truefalsetruetruetruefalse"},
		{"{{eq nil nil}}{{eq (index . 0).cluster nil}}{{eq true false}}", "truetruefalse"},
		{"{{print 1 2 \"a\" \"b\" 3}}|{{println \"a\" 1}}", "1 2ab3|a 1\n"},
		{"{{printf \"%5s|%-5s|%05d|%x|%q|%v|%%|%.1f|%t|%.2s\" \"a\" \"b\" -42 255 \"c\" "
		 "nil "
		 "1.25 true \"xyz\"}}",
			"    a|b    |-0042|ff|\"c\"|<no value>|%|1.2|true|xy"},
		{"{{join (index . 0).NetworkInterfaces \", \"}}", "lo, eth0"},
		{"{{upper \"aB\"}}{{lower \"aB\"}}{{json (index . 0).NetworkInterfaces}}",
			"ABab[\"lo\",\"eth0\"]"},
		{"{{index . 0 \"network-interfaces\" 1}}", "eth0"},
	};

	(void) state;
	check(pairs, ARRAY_LEN(pairs));
}

static void errors_name_line_and_column(void **state)
{
	static const struct pair pairs[] = {
		{"a\n  {{nope}}", "template:2:5: there is no function \"nope\""},
		{"{{", "template:1:1: an action is not ended: \"}}\" is missing"},
		{"{{}}", "template:1:3: an action is empty"},
		{"{{if 1}}", "template:1:5: a block is not ended: {{end}} is missing"},
		{"{{end}}", "template:1:6: an end or else without a block"},
		{"{{if 1}}{{else}}{{else}}{{end}}", "template:1:23: a second else"},
		{"{{1 2}}", "template:1:6: what is no function has an argument"},
		{"{{1 | 2}}", "template:1:8: what is no function stands behind '|'"},
		{"{{(1}}", "template:1:5: a ')' is missing"},
		{"{{\"a}}", "template:1:1: an action is not ended: \"}}\" is missing"},
		{"{{\"\\q\"}}", "template:1:5: an unknown escape in a string"},
		{"{{$x}}", "template:1:5: an unknown variable"},
		{"{{1x}}", "template:1:3: \"1x\" is not a number"},
		{"{{.name}}", "template:1:4: a member of a value that is no object"},
		{"{{index . 2}}", "template:1:3: index out of range"},
		{"{{len 1}}", "template:1:3: len of a value that has no length"},
		{"{{eq 1 \"a\"}}",
			"template:1:3: values of different kinds, or lists, are compared"},
		{"{{range 1}}{{end}}", "template:1:8: range over a value that has no elements"},
		{"{{not}}", "template:1:3: wrong number of arguments"},
		{"{{printf \"%d\" \"a\"}}",
			"template:1:3: printf has a value of another kind than its verb"},
		{"{{printf \"%d\"}}", "template:1:3: printf has more verbs than values"},
		{"{{printf \"\" 1}}", "template:1:3: printf has more values than verbs"},
		{"{{printf \"%9999d\" 1}}",
			"template:1:3: printf does not know this verb; there are %s %d %v %q %x "
			"%f %g %t"},
		{"{{/* x}}", "template:1:3: a comment is not ended"},
		{"{{with $x = 1}}{{end}}", "template:1:12: ':=' is missing"},
	};

	(void) state;
	check(pairs, ARRAY_LEN(pairs));
}

/* @open, @n times, then @close as often. */
static int parse_nested(const char *open, const char *middle, const char *close, size_t n)
{
	AUTO_TEXT struct text t = {0};
	struct gotemplate *parsed = NULL;
	int rc;

	for (size_t i = 0; i < n; i++)
		text_put(&t, open);
	text_put(&t, middle);
	for (size_t i = 0; i < n; i++)
		text_put(&t, close);
	text_put_bytes(&t, "", 1);
	assert_false(t.failed);
	rc = gotemplate_parse(t.p, &parsed, NULL);
	gotemplate_free(parsed);
	return rc;
}

static void depth_size_and_variables_have_limits(void **state)
{
	AUTO_TEXT struct text variables = {0};
	AUTO_FREE char *large = malloc(GOTEMPLATE_MAX + 2), *out = NULL;
	struct gotemplate *t = NULL;

	(void) state;
	assert_non_null(large);
	assert_int_equal(parse_nested("{{if 1}}", "", "{{end}}", GOTEMPLATE_DEPTH_MAX), 0);
	assert_int_equal(
		parse_nested("{{if 1}}", "", "{{end}}", GOTEMPLATE_DEPTH_MAX + 1), -EINVAL);
	memset(large, 'x', GOTEMPLATE_MAX + 1);
	large[GOTEMPLATE_MAX] = '\0';
	assert_int_equal(gotemplate_parse(large, &t, NULL), 0);
	gotemplate_free(t);
	large[GOTEMPLATE_MAX] = 'x';
	large[GOTEMPLATE_MAX + 1] = '\0';
	assert_int_equal(gotemplate_parse(large, &t, NULL), -E2BIG);
	for (int i = 0; i < GOTEMPLATE_VARS_MAX; i++)
		text_put(&variables, "{{$x := 1}}");
	text_put_bytes(&variables, "", 1);
	out = made(variables.p);
	assert_non_null(strstr(out, "too many variables"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_printed_as_go_does),
		cmocka_unit_test(blocks_choose_and_repeat),
		cmocka_unit_test(functions_are_those_of_the_list),
		cmocka_unit_test(errors_name_line_and_column),
		cmocka_unit_test(depth_size_and_variables_have_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
