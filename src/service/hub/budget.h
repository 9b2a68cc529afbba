/* SPDX-License-Identifier: MIT */
/* How much memory a new capture gets. The first ones get the largest rings; when a quarter of the
 * budget is in use, each further one gets a small part of what is left, so that hundreds fit. */
#ifndef HUB_BUDGET_H
#define HUB_BUDGET_H

#include <stdint.h>

struct budget {
	uint64_t total_bytes, ring_max_bytes, stream_max_bytes;
};

/* The ring that a capture begins with when it can grow. */
#define BUDGET_FIRST_RING_BYTES 2097152

struct budget_share {
	uint32_t ring_bytes, stream_bytes;
};

/* The share of the next capture when @used_bytes are in use. Returns 0, or -ENOMEM when not even
 * the smallest fits. */
int budget_next(const struct budget *b, uint64_t used_bytes, struct budget_share *ret);

/* The ring for a capture whose ring of @now_bytes was too small, when @used_bytes are in use. Both
 * rings exist for a moment. Returns its size, 0 when there is no room for a larger one. */
uint32_t budget_larger_ring(const struct budget *b, uint64_t used_bytes, uint32_t now_bytes);

#endif
