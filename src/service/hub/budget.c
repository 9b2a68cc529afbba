/* SPDX-License-Identifier: MIT */
#include "service/hub/budget.h"

#include <errno.h>

#include "proto/bounds.h"
#include "stream/chunk.h"

#define MIB (1024ULL * 1024)

static uint64_t clamp(uint64_t v, uint64_t min, uint64_t max)
{
	return v < min ? min : v > max ? max : v;
}

int budget_next(const struct budget *b, uint64_t used_bytes, struct budget_share *ret)
{
	uint64_t left = b->total_bytes > used_bytes ? b->total_bytes - used_bytes : 0;
	uint64_t share = used_bytes < b->total_bytes / 4 ? b->total_bytes / 16 : left / 48;
	uint64_t ring = clamp(share * 2 / 3 / MIB * MIB, BOUND_RING_MIN_BYTES, b->ring_max_bytes);
	uint64_t stream = clamp(share / 3 / MIB * MIB, STREAM_MIN_BYTES, b->stream_max_bytes);

	stream = stream / STREAM_GRAIN_BYTES * STREAM_GRAIN_BYTES;
	if (ring + stream > left)
		return -ENOMEM;
	ret->ring_bytes = (uint32_t) ring;
	ret->stream_bytes = (uint32_t) stream;
	return 0;
}

uint32_t budget_larger_ring(const struct budget *b, uint64_t used_bytes, uint32_t now_bytes)
{
	uint64_t left = b->total_bytes > used_bytes ? b->total_bytes - used_bytes : 0;
	uint64_t ring = clamp(left / 8 / MIB * MIB, BOUND_RING_MIN_BYTES, b->ring_max_bytes);

	return ring > now_bytes && ring <= left ? (uint32_t) ring : 0;
}
