/* SPDX-License-Identifier: MIT */
/* When the sender sends how many packets. Three ways: without pause, evenly in short batches, and
 * single packets with jitter (for latency, so that they meet a capture's timers at every phase). */
#ifndef BENCH_PACE_H
#define BENCH_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_BATCH_MAX 128

struct pace {
	uint64_t rate_pps; /* 0: without pause */
	bool jitter;
	int64_t start_ns;
	int64_t next_ns; /* when to look again */
	uint64_t random;
};

void pace_init(struct pace *p, uint64_t rate_pps, bool jitter, int64_t now_ns);

/* Packets to send at @now_ns, after @sent ones: 0..PACE_BATCH_MAX. */
unsigned int pace_due(struct pace *p, uint64_t sent, int64_t now_ns);

/* Sleep until packets may be due again; not at all while the sender is behind its rate. */
void pace_sleep(const struct pace *p);

#endif
