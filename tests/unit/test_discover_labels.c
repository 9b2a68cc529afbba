/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "discover/engine/labels.h"

static void labels_are_kept_by_key(void **state)
{
	struct labels l = {0}, copy;

	(void) state;
	assert_null(labels_get(&l, "a"));
	assert_int_equal(labels_set(&l, "b", "2"), 0);
	assert_int_equal(labels_set(&l, "a", "1"), 0);
	assert_int_equal(labels_set(&l, "b", "3"), 0);
	assert_int_equal(labels_copy(&l, &copy), 0);
	labels_done(&l);
	assert_int_equal(copy.n, 2);
	assert_string_equal(labels_key(&copy, 0), "a");
	assert_string_equal(labels_value(&copy, 1), "3");
	assert_int_equal(labels_set(&copy, "c", ""), 0);
	assert_string_equal(labels_get(&copy, "c"), "");
	labels_done(&copy);
	assert_int_equal(labels_copy(&l, &copy), 0);
	assert_int_equal(copy.n, 0);
}

static void hostile_labels_are_cleaned_and_cut(void **state)
{
	char key[LABEL_KEY_MAX + 1], value[LABEL_VALUE_MAX + 1];
	struct labels l = {0};

	(void) state;
	memset(key, 'k', sizeof(key));
	memset(value, 'v', sizeof(value));
	value[LABEL_VALUE_MAX] = key[LABEL_KEY_MAX] = '\0';
	assert_int_equal(labels_set(&l, "a\xff", "\x1b[2J"), 0);
	assert_string_equal(labels_get(&l, "a?"), "?[2J");
	assert_int_equal(labels_set(&l, "", "x"), -EINVAL);
	assert_int_equal(labels_set(&l, key, "x"), -EINVAL);
	key[LABEL_KEY_MAX - 1] = '\0';
	assert_int_equal(labels_set(&l, key, value), 0);
	assert_int_equal(strlen(labels_get(&l, key)), LABEL_VALUE_MAX - 1);
	labels_done(&l);
}

static void labels_stop_at_their_limits(void **state)
{
	struct labels l = {0};
	char key[16], value[1024];
	int i = 0;

	(void) state;
	for (; i < LABELS_MAX; i++) {
		(void) snprintf(key, sizeof(key), "%d", i);
		assert_int_equal(labels_set(&l, key, ""), 0);
	}
	assert_int_equal(labels_set(&l, "more", ""), -ENOSPC);
	assert_int_equal(labels_set(&l, key, "changed"), 0);
	assert_int_equal(l.n, LABELS_MAX);
	labels_done(&l);
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 2] = '\0';
	/* 31 times "k", NUL, 1022 letters, NUL, then the last byte */
	for (i = 0; i < 32; i++)
		assert_int_equal(labels_set(&l, "k", value), 0);
	assert_int_equal(l.len_bytes, 32 * 1023 + 2);
	assert_int_equal(labels_set(&l, "k", value), -ENOSPC);
	labels_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_kept_by_key),
		cmocka_unit_test(hostile_labels_are_cleaned_and_cut),
		cmocka_unit_test(labels_stop_at_their_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
