/* SPDX-License-Identifier: MIT */
/* The hub in random steps, chosen by the input. Law: each viewer got or was told lost every packet
 * that passed, per interface (support/hub_model.h). When the input has ended, a generator seeded
 * with it goes on, so that every input plays at least STEPS_MIN steps. */
#include <stddef.h>
#include <stdint.h>

#include "support/hub_model.h"
#include "support/input.h"

#define STEPS_MIN 500
#define STEPS_MAX 8000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct choices {
	struct input in;
	uint64_t x; /* of the generator */
};

static uint32_t below(void *ctx, uint32_t limit)
{
	struct choices *c = ctx;

	if (c->in.left >= 2)
		return (uint32_t) input_number(&c->in, 2) % limit;
	c->x ^= c->x << 13;
	c->x ^= c->x >> 7;
	c->x ^= c->x << 17;
	return (uint32_t) ((c->x >> 32) % limit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct choices c = {{data, size}, 1};
	const struct model_draw draw = {below, &c};
	/* a step takes about four choices of two bytes */
	size_t steps = STEPS_MIN + size / 8;

	for (size_t i = 0; i < size; i++)
		c.x = (c.x ^ data[i]) * 0x100000001b3ULL | 1;
	hub_model_round(&draw, (uint32_t) (steps < STEPS_MAX ? steps : STEPS_MAX));
	return 0;
}
