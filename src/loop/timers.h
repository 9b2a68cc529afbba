/* SPDX-License-Identifier: MIT */
/* The timers of a loop, in a pairing heap whose root is the first one due. No allocation. Arming
 * them is up to loop.h. */
#ifndef LOOP_TIMERS_H
#define LOOP_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

struct loop_timer {
	void (*fn)(void *ctx);
	void *ctx;
	int64_t at_ns; /* CLOCK_MONOTONIC */
	bool armed;
	/* the loop's: a pairing heap */
	struct loop_timer *child, *next, *before;
};

/* Add @t, which is in no heap, to the heap of @root (NULL = empty). Returns the new root. */
struct loop_timer *timers_add(struct loop_timer *root, struct loop_timer *t);

/* Take @t out of the heap of @root. Returns the new root, NULL when the heap is empty. */
struct loop_timer *timers_remove(struct loop_timer *root, struct loop_timer *t);

#endif
