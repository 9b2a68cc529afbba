/* SPDX-License-Identifier: MIT */
/* The names that neighbours should have, and how they travel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "proto/dig.h"
#include "service/dig/dig_names.h"

static char front[] = "front", back[] = "back", none[] = "", web[] = "web", db[] = "db",
	    job[] = "job-1", x[] = "x";
static char *networks[] = {front, back};
static uint32_t in_front[] = {0}, in_back[] = {1}, in_both[] = {0, 1};
static struct neighbour containers[] = {
	{{.inode = 1, .kind = NS_REF_PROC}, true, db, x, 1, in_back},
	{{.inode = 2, .kind = NS_REF_PROC}, true, job, none, 1, in_front},
	{{.inode = 3, .kind = NS_REF_PROC}, false, web, web, 1, in_front},
	{{.inode = 4, .kind = NS_REF_PROC}, true, web, web, 2, in_both},
};
static const struct neighbours some = {2, ARRAY_LEN(containers), networks, containers};

static void the_first_container_of_docker_is_found(void **state)
{
	(void) state;
	assert_ptr_equal(neighbours_find(&some, "web"), &containers[3]);
	assert_ptr_equal(neighbours_find(&some, "job-1"), &containers[1]);
	assert_null(neighbours_find(&some, "x"));
}

static void names_are_those_of_the_networks_the_start_is_in(void **state)
{
	static const char *const wanted[] = {"job-1.", "job-1.front.", "web.", "web.front.", "x.",
		"db.", "x.back.", "db.back.", "web.back."};
	struct name_list l = {0};

	(void) state;
	assert_int_equal(name_list_make(&some, &containers[3], &l), 0);
	assert_int_equal(l.n, ARRAY_LEN(wanted));
	for (size_t i = 0; i < l.n; i++)
		assert_string_equal(l.v[i], wanted[i]);
	name_list_done(&l);
	assert_int_equal(name_list_make(&some, &containers[0], &l), 0);
	assert_int_equal(l.n, 6); /* those of "back" */
	name_list_done(&l);
}

static void names_are_bounded_in_length_and_number(void **state)
{
	enum {
		N = DIG_NAMES_MAX / 2 + 1
	};
	struct neighbour *many = calloc(N, sizeof(*many));
	struct neighbours all = {2, N, networks, many};
	struct name_list l = {0};

	(void) state;
	for (uint32_t i = 0; i < N; i++) {
		many[i] =
			(struct neighbour){.service = none, .n_networks = 1, .networks = in_front};
		many[i].name = malloc(512);
		/* the first is as long as it may be, the second one byte longer */
		(void) snprintf(many[i].name, 512, "%0*u",
			i == 0   ? DIG_NAME_MAX - 2
			: i == 1 ? DIG_NAME_MAX - 1
				 : 4,
			i);
	}
	assert_int_equal(name_list_make(&all, &many[0], &l), 0);
	/* the first bare, the second not at all, the others twice */
	assert_int_equal(l.n, 1 + 2 * (N - 2));
	assert_int_equal(strlen(l.v[0]), DIG_NAME_MAX - 1);
	name_list_done(&l);
	for (uint32_t i = 0; i < 2; i++)
		(void) snprintf(many[i].name, 512, "n%u", i);
	assert_int_equal(name_list_make(&all, &many[0], &l), 0);
	assert_int_equal(l.n, DIG_NAMES_MAX);
	name_list_done(&l);
	for (uint32_t i = 0; i < N; i++)
		free(many[i].name);
	free(many);
}

static void names_travel_in_as_many_messages_as_they_need(void **state)
{
	struct dig_names *got = calloc(1, sizeof(*got));
	uint8_t buf[DIG_MESSAGE_BYTES];
	char *v[DIG_NAMES_MAX];
	size_t at = 0, len, messages = 0;

	(void) state;
	for (size_t i = 0; i < DIG_NAMES_MAX; i++) {
		v[i] = malloc(DIG_NAME_MAX + 32);
		(void) snprintf(v[i], DIG_NAME_MAX + 32, "%0*zu.", DIG_NAME_MAX - 2, i);
	}
	while (at < DIG_NAMES_MAX) {
		at += dig_names_encode(v + at, DIG_NAMES_MAX - at, buf, &len);
		assert_false(got->is_last);
		assert_int_equal(dig_names_decode(buf, len, got), 0);
		messages++;
	}
	assert_true(messages > 1 && got->is_last);
	assert_int_equal(got->n, DIG_NAMES_MAX);
	for (size_t i = 0; i < DIG_NAMES_MAX; i++) {
		assert_string_equal(got->v[i], v[i]);
		free(v[i]);
	}
	assert_int_equal(dig_names_decode(buf, len, got), -EBADMSG); /* behind the last one */
	free(got);
}

static void one_name_too_many_is_refused(void **state)
{
	struct dig_names *got = calloc(1, sizeof(*got));
	uint8_t buf[DIG_MESSAGE_BYTES];
	char name[] = "a.", *v[] = {name};
	size_t len;

	(void) state;
	assert_int_equal(dig_names_encode(v, 1, buf, &len), 1);
	got->n = DIG_NAMES_MAX;
	assert_int_equal(dig_names_decode(buf, len, got), -EBADMSG);
	got->n = DIG_NAMES_MAX - 1;
	assert_int_equal(dig_names_decode(buf, len, got), 0);
	free(got);
}

static void a_table_comes_back_as_it_was_and_cut_never(void **state)
{
	struct neighbours again = {0};
	uint8_t *p, *p2;
	ssize_t n = neighbours_encode(&some, &p);

	(void) state;
	assert_true(n > 0);
	for (ssize_t cut = 0; cut < n; cut++)
		assert_int_equal(neighbours_decode(p, (size_t) cut, &again), -EBADMSG);
	assert_int_equal(neighbours_decode(p, (size_t) n, &again), 0);
	assert_int_equal(neighbours_encode(&again, &p2), n);
	assert_memory_equal(p, p2, (size_t) n);
	neighbours_done(&again);
	free(p);
	free(p2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_container_of_docker_is_found),
		cmocka_unit_test(names_are_those_of_the_networks_the_start_is_in),
		cmocka_unit_test(names_are_bounded_in_length_and_number),
		cmocka_unit_test(names_travel_in_as_many_messages_as_they_need),
		cmocka_unit_test(one_name_too_many_is_refused),
		cmocka_unit_test(a_table_comes_back_as_it_was_and_cut_never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
