/* SPDX-License-Identifier: MIT */
/* What listeners on /events are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "service/live/event_diff.h"

static struct event_list list_of(struct catalog_target *v, uint32_t n, const char *json)
{
	const struct catalog c = {.n_targets = n, .targets = v};
	struct event_list l;

	assert_int_equal(event_list_make(&c, json, strlen(json), &l), 0);
	return l;
}

static void what_came_went_and_changed_is_told(void **state)
{
	struct catalog_target before[] = {{.pid = 1, .starttime_ticks = 1},
		{.pid = 2, .starttime_ticks = 2}, {.netns_inode = 9}};
	struct catalog_target after[] = {{.netns_inode = 9}, {.pid = 3, .starttime_ticks = 3},
		{.pid = 2, .starttime_ticks = 2}};
	struct event_list a = list_of(before, 3,
		"{\"x\":\"\\\"containers\\\":[\",\"containers\":[{\"n\":\"a}\"},{\"n\":\"b\\\"{\"},"
		"{\"n\":{}}]}");
	struct event_list b =
		list_of(after, 3, "{\"containers\":[{\"n\":{}},{\"n\":\"new\"},{\"n\":\"c\"}]}\n");
	AUTO_FREE char *text = NULL;
	size_t len = 0;

	(void) state;
	assert_int_equal(event_diff(&a, &b, 7, &text, &len), 1);
	assert_string_equal(text, "{\"generation\":7,\"added\":[{\"n\":\"new\"}],"
				  "\"removed\":[{\"n\":\"a}\"}],\"changed\":[{\"n\":\"c\"}]}");
	assert_int_equal(len, strlen(text));
	event_list_done(&a);
	event_list_done(&b);
}

/* Takes both lists. */
static void assert_nothing_is_told(struct event_list a, struct event_list b)
{
	char *text = NULL;
	size_t len;

	assert_int_equal(event_diff(&a, &b, 7, &text, &len), 0);
	assert_null(text);
	event_list_done(&a);
	event_list_done(&b);
}

static void nothing_is_told_when_nothing_is_different(void **state)
{
	struct catalog_target v[] = {{.pid = 1, .starttime_ticks = 1}};

	(void) state;
	assert_nothing_is_told(list_of(v, 1, "{\"t\":1,\"containers\":[{\"n\":1}]}"),
		list_of(v, 1, "{\"t\":2,\"containers\":[{\"n\":1}]}"));
}

static void the_order_of_targets_of_one_process_is_no_change(void **state)
{
	struct catalog_target v[] = {{.pid = 1}, {.pid = 1}};

	(void) state;
	assert_nothing_is_told(list_of(v, 2, "{\"containers\":[{\"n\":1},{\"n\":2}]}"),
		list_of(v, 2, "{\"containers\":[{\"n\":2},{\"n\":1}]}"));
}

static void a_document_that_does_not_fit_its_table_is_refused(void **state)
{
	static const char *const rows[] = {"", "{}", "{\"containers\":[]}",
		"{\"containers\":[{\"n\":1}", "{\"containers\":[{\"n\":1},{\"n\":2}]}",
		"{\"containers\":[{\"n\":1", "{\"containers\":[1]}", "{\"containers\":[{\"\\"};
	struct catalog_target v[] = {{.pid = 1}};
	const struct catalog c = {.n_targets = 1, .targets = v};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct event_list l;

		if (event_list_make(&c, rows[i], strlen(rows[i]), &l) != -EBADMSG)
			fail_msg("%s", rows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_came_went_and_changed_is_told),
		cmocka_unit_test(nothing_is_told_when_nothing_is_different),
		cmocka_unit_test(the_order_of_targets_of_one_process_is_no_change),
		cmocka_unit_test(a_document_that_does_not_fit_its_table_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
