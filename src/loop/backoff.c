/* SPDX-License-Identifier: MIT */
#include "loop/backoff.h"

#include "base/clock.h"

void backoff_init(struct backoff *b, struct loop *loop, int64_t first_ns, int64_t max_ns,
	void (*try_fn)(void *ctx), void *ctx)
{
	*b = (struct backoff){.loop = loop,
		.timer = {.fn = try_fn, .ctx = ctx},
		.first_ns = first_ns,
		.max_ns = max_ns,
		.pause_ns = first_ns};
}

void backoff_wait(struct backoff *b)
{
	loop_arm(b->loop, &b->timer, clock_mono_ns() + b->pause_ns);
	b->pause_ns *= 2;
	if (b->pause_ns > b->max_ns)
		b->pause_ns = b->max_ns;
}

void backoff_cancel(struct backoff *b)
{
	loop_disarm(b->loop, &b->timer);
}

void backoff_reset(struct backoff *b)
{
	b->pause_ns = b->first_ns;
}
