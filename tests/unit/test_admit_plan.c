/* SPDX-License-Identifier: MIT */
/* Which targets a request names, and when its stream ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/own.h"
#include "service/admit/plan.h"

#define TARGETS_MAX 3

static int make(struct request_words *w, struct plan *ret, struct refusal *why)
{
	*why = (struct refusal){0};
	return plan_make(w, TARGETS_MAX, ret, why);
}

static void each_target_argument_is_a_request_of_its_own(void **state)
{
	static const char *const names[] = {"web", "db"};
	struct request_words w = {
		.target.query = "web", .targets = names, .n_targets = 2, .filter.query = "udp"};
	struct refusal why;
	struct plan p;

	(void) state;
	assert_int_equal(make(&w, &p, &why), 0);
	assert_int_equal(p.n, 2);
	for (size_t i = 0; i < p.n; i++) {
		assert_string_equal(p.each[i].target.query, names[i]);
		assert_string_equal(p.each[i].filter.query, "udp");
	}
	plan_done(&p);
}

static void each_element_of_an_array_is_a_description(void **state)
{
	struct request_words w = {
		.container.header = " [{\"name\":\"a\"}, {\"name\":\"b\", \"netns\":7}, 5]"};
	struct refusal why;
	struct plan p;

	(void) state;
	assert_int_equal(make(&w, &p, &why), 0);
	assert_int_equal(p.n, 3);
	assert_string_equal(request_word_text(&p.each[0].container), "{\"name\":\"a\"}");
	assert_string_equal(
		request_word_text(&p.each[1].container), "{\"name\":\"b\",\"netns\":7}");
	assert_string_equal(request_word_text(&p.each[2].container), "5");
	plan_done(&p);
}

static void what_is_no_array_stays_as_it_is(void **state)
{
	static const char *const texts[] = {"{\"name\":\"a\"}", "[]", "[{", "", "null", "\"[\""};
	struct refusal why;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct request_words w = {.container.query = texts[i]};
		struct plan p;

		assert_int_equal(make(&w, &p, &why), 0);
		assert_int_equal(p.n, 1);
		assert_string_equal(p.each[0].container.query, texts[i]);
		plan_done(&p);
	}
}

static void too_many_targets_are_refused(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	struct request_words cases[] = {{.target.query = "a", .targets = names, .n_targets = 4},
		{.container.query = "[1,2,3,4]"}};
	struct refusal why;
	struct plan p;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(make(&cases[i], &p, &why), -E2BIG);
		assert_int_equal(why.http_status, 400);
		assert_non_null(strstr(why.text, "--max-targets"));
	}
}

static void limits_are_decimal_numbers_above_zero(void **state)
{
	static const char *const bad[] = {"", "0", "-1", "+1", "1.5", "1k", "99999999999999999999"};
	struct request_words w = {.target.query = "a",
		.duration.query = "60",
		.max_packets.query = "7",
		.max_bytes.query = "9223372036854775807"};
	struct refusal why;
	struct plan p;

	(void) state;
	assert_int_equal(make(&w, &p, &why), 0);
	assert_int_equal(p.limits.duration_s, 60);
	assert_int_equal(p.limits.packets, 7);
	assert_true(p.limits.bytes == INT64_MAX);
	plan_done(&p);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		w.max_packets.query = bad[i];
		assert_int_equal(make(&w, &p, &why), -EINVAL);
		assert_non_null(strstr(why.text, "invalid max-packets"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_target_argument_is_a_request_of_its_own),
		cmocka_unit_test(each_element_of_an_array_is_a_description),
		cmocka_unit_test(what_is_no_array_stays_as_it_is),
		cmocka_unit_test(too_many_targets_are_refused),
		cmocka_unit_test(limits_are_decimal_numbers_above_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
