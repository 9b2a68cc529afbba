/* SPDX-License-Identifier: MIT */
/* The kernel's packet ring (AF_PACKET, TPACKET_V3) as the floor program uses it: 32 blocks of
 * 1 MiB, handed over when full or after 5 ms, like the product's. */
#ifndef BENCH_RING_H
#define BENCH_RING_H

#include <linux/if_packet.h>
#include <stdint.h>

#include "tally.h"

#define RING_BLOCK_BYTES (1u << 20)
#define RING_BLOCKS      32u
#define RING_RETIRE_MS   5u

struct ring {
	int fd;
	uint8_t *mem;
	unsigned int next; /* block to read next */
};

/* Open a ring on the interface @ifname of the calling thread's network namespace.
 * Returns 0 or a negative errno; the ring then stays open until the process ends. */
int ring_open(struct ring *r, const char *ifname);

/* The next filled block, waiting up to @timeout_ms; NULL if there is none by then. */
struct tpacket_block_desc *ring_wait(struct ring *r, int timeout_ms);

/* Give the block of the last ring_wait() back to the kernel. */
void ring_release(struct ring *r);

/* Packets the kernel dropped for want of a free block, since the last call. */
uint64_t ring_drops(struct ring *r);

/* Count each packet of the copied block @block of @len_bytes into @t.
 * Returns 0, or -EBADMSG if an offset points outside. */
int ring_tally_block(const uint8_t *block, size_t len_bytes, int64_t now_ns, struct tally *t);

#endif
