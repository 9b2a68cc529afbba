/* SPDX-License-Identifier: MIT */
/* The merge stage in random steps, chosen by the input. Law: each packet is handed out once, with
 * the interface of its source, in order or counted as late, and statistics count what was handed
 * out (support/merge_model.h). When the input has ended, a generator seeded with it goes on. */
#include <stddef.h>
#include <stdint.h>

#include "support/input.h"
#include "support/merge_model.h"

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
	size_t steps = STEPS_MIN + size / 4;

	for (size_t i = 0; i < size; i++)
		c.x = (c.x ^ data[i]) * 0x100000001b3ULL | 1;
	merge_model_round(&draw, (uint32_t) (steps < STEPS_MAX ? steps : STEPS_MAX),
		size > 0 && data[0] & 1, size > 1 ? data[1] : 0);
	return 0;
}
