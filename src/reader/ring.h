/* SPDX-License-Identifier: MIT */
/* The kernel's receive ring of a packet socket (packet(7),
 * Documentation/networking/packet_mmap.rst, TPACKET_V3): blocks that the kernel fills and hands
 * over, one after the other. */
#ifndef READER_RING_H
#define READER_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "proto/packet_ring.h"

struct ring {
	int sock; /* borrowed */
	uint8_t *map;
	size_t map_bytes;
	size_t block_bytes;
	uint32_t n_blocks;
	uint32_t next;     /* the block the kernel hands over next */
	uint64_t next_seq; /* the number the kernel gives it when it opens it */
};

/* Give @sock a ring of about @ring_bytes (rounded down to whole blocks, at least two) whose blocks
 * are handed over when full or @latency_ms after their first packet, and map it. The socket must be
 * unbound. Returns 0 or a negative errno with words in @e; undo with ring_done(). */
int ring_init(struct ring *r, int sock, size_t ring_bytes, uint32_t latency_ms, struct err *e);

/* As ring_init() for a @sock that has a ring of @size already. */
int ring_map(struct ring *r, int sock, const struct packet_ring_size *size, struct err *e);

void ring_done(struct ring *r);

/* The next block if the kernel has handed it over, else NULL. It is ours until ring_give_back(). */
const uint8_t *ring_take(struct ring *r);

/* Give the block that ring_take() returned back to the kernel. */
void ring_give_back(struct ring *r);

/* How many packets the kernel has begun to write into the block it will hand over next, *ret_block;
 * 0 if it has not opened it yet. They are whole after the next ring_settle(). */
uint32_t ring_begun(const struct ring *r, const uint8_t **ret_block);

/* Wait until every packet that the kernel had begun to write is written: a grace period of RCU,
 * some milliseconds (membarrier(2); the kernel writes packets in RCU read sections). Returns 0 or a
 * negative errno. */
int ring_settle(void);

/* Does this kernel let us wait like that? Not with nohz_full. */
bool ring_can_settle(void);

/* Were more than half of the blocks waiting when @taken blocks have been taken in a row? */
bool ring_was_tight(const struct ring *r, uint32_t taken);

/* May the ring have been full when @taken blocks have been taken in a row, up to the first that was
 * not there? While it is, the reader holds or is about to take all of them. */
bool ring_was_full(const struct ring *r, uint32_t taken);

/* Packets the kernel could not put into the ring since the last call. Returns 0 or a negative
 * errno. */
int ring_lost(const struct ring *r, uint64_t *ret_lost);

#endif
