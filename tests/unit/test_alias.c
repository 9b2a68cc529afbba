/* SPDX-License-Identifier: MIT */
/* Other words for targets than their names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alias.h"
#include "base/own.h"

static const struct alias_target targets[] = {
	{"systemd(1)", "proc", "", "", 1},
	{"web", "docker", "", "12ab34cd56ef", 10},
	{"/proc/1/ns/mnt:/run/netns/blue", "bindmount", "", NULL, 0},
	{"/run/netns/red", "bindmount", "", "", 0},
	{"init(1)", "proc", "kind", "", 1},
	{"/srv/netns/green", "bindmount", "", "", 0},
	{"nginx(70)", "proc", "", "", 70, "yellow"},
};

/* The targets that @word means in the first way that fits any, as bits. */
static unsigned int meant(const char *word)
{
	for (int way = 0; way < ALIAS_WAYS; way++) {
		unsigned int bits = 0;

		for (size_t i = 0; i < ARRAY_LEN(targets); i++)
			if (alias_matches((enum alias_way) way, &targets[i], word))
				bits |= 1U << i;
		if (bits)
			return bits;
	}
	return 0;
}

static void words_mean_what_the_header_says(void **state)
{
	static const struct {
		const char *word;
		unsigned int bits;
	} cases[] = {
		{"host", 1},
		{"Host", 0},
		{"1", 1 | 1U << 4},
		{"10", 2},
		{"010", 2},
		{"+10", 0},
		{"0", 0},
		{"99999999999999999999", 0},
		{"blue", 4},
		{"red", 8},
		{"green", 0},
		{"netns/blue", 0},
		{"yellow", 1U << 6},
		{"yello", 0},
		{"lue", 0},
		{"", 0},
		{"12ab", 2},
		{"12ab34cd56ef", 2},
		{"12ab34cd56ef0", 0},
		{"12a", 0},
		{"12AB", 0},
		{"web", 0},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(meant(cases[i].word), cases[i].bits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_mean_what_the_header_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
