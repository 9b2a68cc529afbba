/* SPDX-License-Identifier: MIT */
/* The command line: flags, commands, amounts; and the order of names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/own.h"
#include "csharg/cli/amounts.h"
#include "csharg/cli/command.h"
#include "csharg/cli/flags.h"
#include "csharg/cli/natural.h"

static void durations_are_those_of_go(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = {
		{"0", 0},
		{"0s", 0},
		{"30s", 30000},
		{"1.5s", 1500},
		{"1h30m", 5400000},
		{"300ms", 300},
		{"1ns", 1},
		{"2us", 1},
		{"2\xc2\xb5s", 1},
		{".5m", 30000},
		{"1m1m", 120000},
	};
	static const char *const bad[] = {
		"", "5", "s", "-1s", "+1s", "1 s", "1x", "1s1", ".s", "99999999h", "1e3s"};
	uint64_t ms = 77;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(amounts_duration(good[i].text, &ms, NULL), 0);
		assert_int_equal(ms, good[i].ms);
	}
	ms = 77;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_true(amounts_duration(bad[i], &ms, NULL) < 0);
	assert_int_equal(ms, 77);
}

static void sizes_have_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{"0", 0},
		{"7", 7},
		{"7B", 7},
		{"10k", 10000},
		{"10KB", 10000},
		{"1Ki", 1024},
		{"2MiB", 2097152},
		{"3G", 3000000000},
		{"4611686018427387904", 1ULL << 62},
	};
	static const char *const bad[] = {
		"", "k", "-1", "1.5M", "1X", "1kk", "4611686018427387905", "99999999999G"};
	uint64_t bytes = 77;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(amounts_size(good[i].text, &bytes, NULL), 0);
		assert_int_equal(bytes, good[i].bytes);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_true(amounts_size(bad[i], &bytes, NULL) < 0);
}

static void bytes_are_shown_in_units(void **state)
{
	char buf[32];

	(void) state;
	assert_string_equal(amounts_show_bytes(999, buf, sizeof(buf)), "999 bytes");
	assert_string_equal(amounts_show_bytes(1000, buf, sizeof(buf)), "1.0 kB");
	assert_string_equal(amounts_show_bytes(999999, buf, sizeof(buf)), "1.0 MB");
	assert_string_equal(amounts_show_bytes(1234567890, buf, sizeof(buf)), "1.2 GB");
}

static void names_are_in_the_order_people_expect(void **state)
{
	static const char *const order[] = {"", "/", "01", "1", "2", "10", "100000000000000000000",
		"A", "a", "a/", "a1", "a2b", "a10", "a10b", "b"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		for (size_t k = 0; k < ARRAY_LEN(order); k++) {
			int diff = natural_compare(order[i], order[k]);

			assert_int_equal((diff > 0) - (diff < 0), (i > k) - (i < k));
		}
	}
}

/* 0 or the words of the error, for a line of words. */
static const char *parse(const char *const *argv, struct options *o, struct flags_words *w)
{
	static struct err e;
	int argc = 0;

	while (argv[argc])
		argc++;
	*o = options_defaults();
	e = (struct err) ERR_NONE;
	return flags_parse(argc, argv, o, w, &e) < 0 ? e.text : NULL;
}

static void flags_stand_anywhere_in_any_form(void **state)
{
	static const char *const argv[] = {"--host=h:1", "-kd", "capture", "-ieth0", "-i", "lo",
		"-fudp", "--filter", "tcp", "web", "-w=out", "--count=5", "--insecure=false", "-",
		"--rotate-size", "1M", "--request-timeout", "0", "--", "-x", NULL};
	struct flags_words w = {0};
	struct options o;

	(void) state;
	assert_null(parse(argv, &o, &w));
	assert_string_equal(o.host, "h:1");
	assert_true(o.debug);
	assert_false(o.insecure);
	assert_int_equal(o.interfaces.n, 2);
	assert_string_equal(o.interfaces.word[0], "eth0");
	assert_string_equal(o.interfaces.word[1], "lo");
	assert_string_equal(o.filter, "tcp");
	assert_string_equal(o.write, "out");
	assert_int_equal(o.packets, 5);
	assert_int_equal(o.rotate_bytes, 1000000);
	assert_int_equal(o.request_timeout_ms, 0);
	assert_int_equal(w.n_words, 4);
	assert_string_equal(w.word[1], "web");
	assert_string_equal(w.word[2], "-");
	assert_string_equal(w.word[3], "-x");
	flags_words_done(&w);
}

static void wrong_flags_are_refused_in_the_known_words(void **state)
{
	static const struct {
		const char *argv[4], *words;
	} cases[] = {
		{{"--foo=1"}, "unknown flag: --foo"},
		{{"-kx"}, "unknown shorthand flag: 'x' in -kx"},
		{{"--host"}, "flag needs an argument: --host"},
		{{"-kw"}, "flag needs an argument: 'w' in -kw"},
		{{"--insecure=maybe"}, "invalid argument \"maybe\" for \"-k, --insecure\" flag: "
				       "neither true nor false"},
		{{"--count", "-1"},
			"invalid argument \"-1\" for \"--count\" flag: \"-1\" is no whole number"},
		{{"--count=4294967296"}, "invalid argument \"4294967296\" for \"--count\" flag: "
					 "\"4294967296\" is too large"},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct flags_words w = {0};
		struct options o;
		const char *words = parse(cases[i].argv, &o, &w);

		assert_non_null(words);
		assert_string_equal(words, cases[i].words);
	}
}

static void commands_are_found_by_their_words(void **state)
{
	static const struct {
		const char *argv[4], *command;
		size_t n;
	} cases[] = {
		{{"list", "pods"}, "list", 1},
		{{"ps"}, "list", 1},
		{{"capture", "web"}, "capture", 1},
		{{"capture", "pod", "web"}, "capture pod", 2},
		{{"nope"}, NULL, 0},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n_words = 0, n = 77;
		const struct command *c;

		while (cases[i].argv[n_words])
			n_words++;
		c = command_find(cases[i].argv, n_words, &n);
		assert_int_equal(n, cases[i].n);
		if (cases[i].command)
			assert_string_equal(c->words, cases[i].command);
		else
			assert_null(c);
	}
}

static void flags_of_other_commands_are_refused(void **state)
{
	static const char *const argv[] = {"list", "--filter", "x", NULL};
	struct flags_words w = {0};
	struct options o;
	struct err e = ERR_NONE;
	size_t n;

	(void) state;
	assert_null(parse(argv, &o, &w));
	assert_int_equal(flags_check(&w, command_find(w.word, w.n_words, &n)->flags, &e), -EINVAL);
	assert_string_equal(e.text, "unknown flag: --filter");
	flags_words_done(&w);
}

static void interfaces_have_a_limit(void **state)
{
	const char *argv[2 * OPTIONS_WORDS_MAX + 3] = {NULL};
	struct flags_words w = {0};
	struct options o;

	(void) state;
	for (size_t i = 0; i < 2 * OPTIONS_WORDS_MAX; i += 2) {
		argv[i] = "-i";
		argv[i + 1] = "eth0";
	}
	assert_null(parse(argv, &o, &w));
	flags_words_done(&w);
	argv[2 * OPTIONS_WORDS_MAX] = "-i";
	argv[2 * OPTIONS_WORDS_MAX + 1] = "eth0";
	assert_non_null(parse(argv, &o, &w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_those_of_go),
		cmocka_unit_test(sizes_have_units),
		cmocka_unit_test(bytes_are_shown_in_units),
		cmocka_unit_test(names_are_in_the_order_people_expect),
		cmocka_unit_test(flags_stand_anywhere_in_any_form),
		cmocka_unit_test(wrong_flags_are_refused_in_the_known_words),
		cmocka_unit_test(commands_are_found_by_their_words),
		cmocka_unit_test(flags_of_other_commands_are_refused),
		cmocka_unit_test(interfaces_have_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
