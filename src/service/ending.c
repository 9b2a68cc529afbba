/* SPDX-License-Identifier: MIT */
#include "service/ending.h"

#include "base/clock.h"

#define LIMIT_NS (6 * 1000000000LL) /* less than the broker waits */

void ending_begin(struct app *a)
{
	struct refusal why;

	(void) refuse(&why, 0, 503, CLOSE_GOING_AWAY, "the capture service is shutting down");
	a->is_ending = true;
	a->end_limit_ns = clock_mono_ns() + LIMIT_NS;
	server_end(&a->server);
	hub_stop_all(a->hub, &why);
	digs_end(&a->digs, &why);
	loop_arm(&a->loop, &a->tick, clock_mono_ns() + ENDING_TICK_NS);
}

bool ending_is_over(const struct app *a, int64_t now_ns)
{
	struct hub_totals t;

	hub_totals(a->hub, &t);
	return a->is_ending && ((t.viewers == 0 && !a->digs.first) || now_ns >= a->end_limit_ns);
}
