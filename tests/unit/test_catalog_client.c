/* SPDX-License-Identifier: MIT */
/* The service's end of the catalog channel: a waiter is called once, or not at all after it was
 * cancelled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/own.h"
#include "service/catalog/catalog_client.h"

struct scene {
	struct catalog_client client;
	struct catalog_waiter waiters[3];
	int calls;
};

/* The first waiter that is called ends the others. */
static void end_others(void *ctx, bool is_fresh)
{
	struct scene *s = ctx;

	assert_false(is_fresh);
	s->calls++;
	for (size_t i = 0; i < ARRAY_LEN(s->waiters); i++)
		catalog_client_cancel(&s->client, &s->waiters[i]);
}

static void a_waiter_can_be_cancelled_by_another_one_that_is_called(void **state)
{
	struct scene s = {0};

	(void) state;
	catalog_client_init(&s.client, -1, 250);
	for (size_t i = 0; i < ARRAY_LEN(s.waiters); i++) {
		s.waiters[i].ready = end_others;
		s.waiters[i].ctx = &s;
		catalog_client_wait(&s.client, &s.waiters[i], 0);
	}
	catalog_client_tick(&s.client, CATALOG_WAIT_LIMIT_NS - 1);
	assert_int_equal(s.calls, 0);
	catalog_client_tick(&s.client, CATALOG_WAIT_LIMIT_NS);
	assert_int_equal(s.calls, 1);
	catalog_client_tick(&s.client, 2 * CATALOG_WAIT_LIMIT_NS);
	assert_int_equal(s.calls, 1);
	catalog_client_done(&s.client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_waiter_can_be_cancelled_by_another_one_that_is_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
