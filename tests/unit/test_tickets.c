/* SPDX-License-Identifier: MIT */
/* Tickets: how many, how long, how often each is valid. And the methods of routes. */
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
#include "service/http/route.h"
#include "service/http/tickets.h"

#define SECOND_NS 1000000000LL

static struct http_slice slice(const char *text)
{
	return (struct http_slice){text, strlen(text)};
}

/* Find the ticket @id at the front of a path that ends with @end. */
static struct ticket *find(
	struct tickets *t, const char *id, const char *end, int64_t now_ns, const char **ret_rest)
{
	static char path[256];

	(void) snprintf(path, sizeof(path), "/ticket/%s%s", id, end);
	return tickets_find(t, path, now_ns, ret_rest);
}

static void a_ticket_is_valid_once_and_has_its_query(void **state)
{
	struct tickets t = {0};
	char id[TICKET_DIGITS + 1], other[TICKET_DIGITS + 1], *query;
	struct ticket *found;
	const char *rest = NULL;

	(void) state;
	assert_int_equal(tickets_issue(&t, slice("nif=a%20b"), 5, id), 0);
	assert_int_equal(tickets_issue(&t, slice("nif=other"), 5, other), 0);
	assert_int_equal(strlen(id), TICKET_DIGITS);
	assert_string_not_equal(id, other);
	found = find(&t, id, "/capture", 6, &rest);
	assert_non_null(found);
	assert_string_equal(rest, "/capture");
	assert_ptr_equal(find(&t, id, "/", 6, &rest), found);
	query = ticket_use(found);
	assert_string_equal(query, "nif=a%20b");
	free(query);
	assert_null(find(&t, id, "/capture", 6, &rest));
	assert_non_null(find(&t, other, "/capture", 6, &rest));
	tickets_done(&t);
	assert_null(find(&t, other, "/capture", 6, &rest));
}

static void paths_without_a_whole_ticket_have_none(void **state)
{
	struct tickets t = {0};
	char id[TICKET_DIGITS + 1], path[128];
	const char *rest;

	(void) state;
	assert_int_equal(tickets_issue(&t, slice("x"), 0, id), 0);
	assert_null(tickets_find(&t, "/ticket/", 1, &rest));
	assert_null(tickets_find(&t, "/capture", 1, &rest));
	assert_null(find(&t, id, "", 1, &rest));
	assert_null(find(&t, id, "0/capture", 1, &rest));
	/* places without a ticket hold zeros */
	assert_null(find(&t, "00000000000000000000000000000000", "/capture", 1, &rest));
	for (size_t at = 0; at < TICKET_DIGITS; at++) {
		(void) snprintf(path, sizeof(path), "/ticket/%s/capture", id);
		path[strlen("/ticket/") + at] ^= 1;
		assert_null(tickets_find(&t, path, 1, &rest));
	}
	tickets_done(&t);
}

static void tickets_end_and_make_room(void **state)
{
	struct tickets t = {0};
	char id[TICKET_DIGITS + 1], first[TICKET_DIGITS + 1];
	char *large = calloc(1, TICKET_QUERY_MAX + 1);
	const char *rest;

	(void) state;
	assert_non_null(large);
	assert_int_equal(tickets_issue(&t, slice("x"), 0, first), 0);
	for (int i = 1; i < TICKETS_MAX; i++)
		assert_int_equal(tickets_issue(&t, slice("x"), SECOND_NS, id), 0);
	assert_int_equal(tickets_issue(&t, slice("x"), SECOND_NS, id), -EBUSY);
	assert_non_null(find(&t, first, "/x", TICKET_SECONDS * SECOND_NS - 1, &rest));
	assert_null(find(&t, first, "/x", TICKET_SECONDS * SECOND_NS, &rest));
	assert_int_equal(tickets_issue(&t, (struct http_slice){large, TICKET_QUERY_MAX + 1},
				 TICKET_SECONDS * SECOND_NS, id),
		-E2BIG);
	assert_int_equal(tickets_issue(&t, (struct http_slice){large, TICKET_QUERY_MAX},
				 TICKET_SECONDS * SECOND_NS, id),
		0);
	free(large);
	tickets_done(&t);
}

static void nothing(struct conn *c, void *ctx)
{
	(void) c;
	(void) ctx;
}

static void a_route_has_its_paths_and_methods(void **state)
{
	static const struct route all[] = {{"/a", 0, nothing, NULL},
		{"/b", ROUTE_POST, nothing, NULL},
		{"/c/", ROUTE_DELETE | ROUTE_BELOW, nothing, NULL},
		{"/d", ROUTE_WEBSOCKET, nothing, NULL}, {"/e", ROUTE_BODY, nothing, NULL}};
	static const struct {
		const char *path, *method, *methods;
		int at; /* of the route, -1 = none */
		bool is_served;
	} rows[] = {{"/a", "GET", "GET, HEAD", 0, true}, {"/a", "HEAD", "GET, HEAD", 0, true},
		{"/a", "GE", "GET, HEAD", 0, false}, {"/a", "GETS", "GET, HEAD", 0, false},
		{"/a", "get", "GET, HEAD", 0, false}, {"/a", "POST", "GET, HEAD", 0, false},
		{"/a/", "GET", "GET, HEAD", -1, true}, {"/b", "POST", "POST", 1, true},
		{"/b", "GET", "POST", 1, false}, {"/b", "HEAD", "POST", 1, false},
		{"/b/c", "POST", "GET, HEAD", -1, false}, {"/c/", "GET", "GET, HEAD", -1, true},
		{"/c/1", "DELETE", "DELETE", 2, true}, {"/c/1/2", "GET", "DELETE", 2, false},
		{"/d", "GET", "GET", 3, true}, {"/d", "HEAD", "GET", 3, false},
		{"/e", "PATCH", "GET, HEAD", 4, true}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct route *route = route_find(all, ARRAY_LEN(all), rows[i].path);

		assert_ptr_equal(route, rows[i].at < 0 ? NULL : &all[rows[i].at]);
		assert_string_equal(route_methods(route), rows[i].methods);
		if (route_serves(route, slice(rows[i].method)) != rows[i].is_served)
			fail_msg("%s %s", rows[i].method, rows[i].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ticket_is_valid_once_and_has_its_query),
		cmocka_unit_test(paths_without_a_whole_ticket_have_none),
		cmocka_unit_test(tickets_end_and_make_room),
		cmocka_unit_test(a_route_has_its_paths_and_methods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
