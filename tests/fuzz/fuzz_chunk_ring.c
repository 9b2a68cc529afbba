/* SPDX-License-Identifier: MIT */
/* A stream buffer written by somebody hostile. Laws: every chunk shown lies inside the buffer with
 * its head-room and tail-room, its counts add up, positions only grow, and reading ends. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stream/chunk.h"

#define MAP_BYTES (STREAM_HEADER_BYTES + STREAM_MIN_BYTES)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_chunk(const struct chunk *c, uint64_t pos, const uint8_t *map)
{
	const uint8_t *begin = map + STREAM_HEADER_BYTES, *end = map + MAP_BYTES;
	uint64_t packets = 0;

	assert(c->next > pos);
	assert(c->payload - CHUNK_HEADROOM_BYTES >= begin && c->payload <= end);
	assert(c->info.payload_len_bytes + CHUNK_TAILROOM_BYTES <= (size_t) (end - c->payload));
	assert(c->info.n_counts <= CHUNK_COUNTS_MAX);
	for (uint16_t i = 0; i < c->info.n_counts; i++) {
		assert(c->counts[i].interface < c->info.interfaces);
		packets += c->counts[i].packets;
	}
	assert(packets == c->info.packets);
	/* without packets it is counted with those that follow */
	assert(c->info.packets == 0 || c->info.lost_interface < c->info.interfaces);
}

/* The first 8 bytes are the writer's word, the rest lies in the data from position @from on. */
static void read_all(uint8_t *map, uint64_t from)
{
	struct chunk_reader r;
	struct chunk c;
	uint64_t pos = from;

	assert(chunk_reader_init(&r, map, MAP_BYTES) == 0);
	r.released = r.head = from;
	while (chunk_reader_next(&r, pos, &c) > 0) {
		check_chunk(&c, pos, map);
		pos = c.next;
		assert(pos - from <= STREAM_MIN_BYTES);
		assert(r.head - r.released <= STREAM_MIN_BYTES);
		assert(chunk_reader_past_jump(&r, pos) >= pos);
		assert(chunk_reader_past_jump(&r, pos) <= r.head);
	}
	(void) chunk_reader_release(&r, pos);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t *map;
	uint64_t from;
	size_t at, first;

	if (size < 9 || size > 65536)
		return 0;
	if (!map)
		map = aligned_alloc(4096, MAP_BYTES + 4096);
	assert(map);
	memset(map, 0, STREAM_HEADER_BYTES);
	memcpy(map, data, 8);
	from = (uint64_t) data[8] << 12; /* somewhere in the first round of the buffer */
	data += 9;
	size -= 9;
	at = from % STREAM_MIN_BYTES;
	first = size < STREAM_MIN_BYTES - at ? size : STREAM_MIN_BYTES - at;
	memcpy(map + STREAM_HEADER_BYTES + at, data, first);
	memcpy(map + STREAM_HEADER_BYTES, data + first, size - first);
	read_all(map, from);
	return 0;
}
