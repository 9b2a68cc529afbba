/* SPDX-License-Identifier: MIT */
/* Yield points: a long piece of work in a process of one thread lets short ones that are urgent
 * have their turn. */
#ifndef BASE_YIELD_H
#define BASE_YIELD_H

#include <stdint.h>

#define YIELD_PAUSE_NS 1000000 /* at least, between two turns */

struct yield {
	void (*fn)(void *ctx); /* the short work; does not touch what the long one is about */
	void *ctx;
	int64_t last_ns; /* CLOCK_MONOTONIC, when it last had its turn */
};

/* Call @y->fn if its last turn is long enough ago. Cheap: call it often. */
void yield_point(struct yield *y);

#endif
