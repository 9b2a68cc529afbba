/* SPDX-License-Identifier: MIT */
/* Making the gzip forms of documents in the service's loop, in steps, for the first request that
 * takes one; all others share it and may wait for it. */
#ifndef ANSWER_PACKING_H
#define ANSWER_PACKING_H

#include <stdbool.h>
#include <stddef.h>

struct document;
struct loop;
struct packing;

#define PACKING_LEAST_BYTES 1024  /* what is smaller goes into one packet anyway */
#define PACKING_STEP_BYTES  32768 /* then others have their turn */

/* Those under way. Zeroed at first, but for the loop. */
struct packings {
	struct loop *loop; /* borrowed */
	struct packing *first;
};

/* One that waits for the end. Zeroed at first, but for the public members. */
struct packing_waiter {
	void (*ready)(void *ctx); /* it has ended, well or not */
	void *ctx;
	struct packing *packing; /* NULL: does not wait */
	struct packing_waiter *next;
};

/* Make the gzip form of @d, which has none, unless that is under way. Returns what makes it, NULL
 * without memory. It holds a reference to @d. */
struct packing *packing_begin(struct packings *all, struct document *d);

/* Call @w->ready when @p has ended. */
void packing_wait(struct packing *p, struct packing_waiter *w);

static inline bool packing_is_over(const struct packing_waiter *w)
{
	return !w->packing;
}

/* @w waits no longer, if it does. */
void packing_leave(struct packing_waiter *w);

/* End all. Those who wait are not called, and wait no longer. */
void packings_done(struct packings *all);

#endif
