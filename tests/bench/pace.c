/* SPDX-License-Identifier: MIT */
#include "pace.h"

#include <time.h>

#define NS_PER_S 1000000000u
/* Short enough that a batch is no burst worth the name, long enough not to wake for each packet. */
#define TICK_NS 250000

void pace_init(struct pace *p, uint64_t rate_pps, bool jitter, int64_t now_ns)
{
	*p = (struct pace){
		.rate_pps = rate_pps,
		.jitter = jitter && rate_pps,
		.start_ns = now_ns,
		.next_ns = now_ns,
		.random = (uint64_t) now_ns | 1,
	};
}

/* xorshift64: from half to one and a half of the mean distance. */
static int64_t jittered_gap_ns(struct pace *p)
{
	uint64_t mean_ns = NS_PER_S / p->rate_pps;

	p->random ^= p->random << 13;
	p->random ^= p->random >> 7;
	p->random ^= p->random << 17;
	return (int64_t) (mean_ns / 2 + p->random % (mean_ns + 1));
}

unsigned int pace_due(struct pace *p, uint64_t sent, int64_t now_ns)
{
	uint64_t due;

	if (!p->rate_pps)
		return PACE_BATCH_MAX;
	if (now_ns < p->next_ns)
		return 0;
	if (p->jitter) {
		p->next_ns += jittered_gap_ns(p);
		return 1;
	}
	due = (uint64_t) ((unsigned __int128) (now_ns - p->start_ns) * p->rate_pps / NS_PER_S) + 1;
	if (due <= sent + PACE_BATCH_MAX)
		p->next_ns = now_ns + TICK_NS;
	if (due <= sent)
		return 0;
	return due - sent < PACE_BATCH_MAX ? (unsigned int) (due - sent) : PACE_BATCH_MAX;
}

void pace_sleep(const struct pace *p)
{
	struct timespec until = {
		.tv_sec = p->next_ns / NS_PER_S,
		.tv_nsec = p->next_ns % NS_PER_S,
	};

	if (p->rate_pps)
		(void) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}
