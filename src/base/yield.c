/* SPDX-License-Identifier: MIT */
#include "base/yield.h"

#include "base/clock.h"

void yield_point(struct yield *y)
{
	if (clock_mono_ns() - y->last_ns < YIELD_PAUSE_NS)
		return;
	y->fn(y->ctx);
	y->last_ns = clock_mono_ns();
}
