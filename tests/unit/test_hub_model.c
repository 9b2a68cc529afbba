/* SPDX-License-Identifier: MIT */
/* The hub in a million random steps: no packet is lost that no counter reports
 * (support/hub_model.h). HUB_MODEL_SEED in the environment repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/hub_model.h"

#define ROUNDS 250
#define STEPS  4000

static uint32_t draw_below(void *ctx, uint32_t below)
{
	uint64_t *x = ctx;

	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (uint32_t) ((*x >> 32) % below);
}

static void every_packet_is_delivered_or_reported_lost(void **state)
{
	const char *chosen = getenv("HUB_MODEL_SEED");
	uint64_t seed = chosen ? strtoull(chosen, NULL, 0) : 20260131;

	(void) state;
	(void) fprintf(stderr, "HUB_MODEL_SEED=%" PRIu64 "\n", seed);
	for (uint32_t i = 0; i < ROUNDS; i++, seed++) {
		uint64_t x = seed * 0x9e3779b97f4a7c15ULL | 1;
		const struct model_draw draw = {draw_below, &x};

		hub_model_round(&draw, STEPS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_packet_is_delivered_or_reported_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
