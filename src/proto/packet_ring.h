/* SPDX-License-Identifier: MIT */
/* The kernel's receive ring of a packet socket (packet(7),
 * Documentation/networking/packet_mmap.rst, TPACKET_V3), as far as two processes have to agree on
 * it. The reader makes the first ring of a capture before it enters its sandbox. The broker makes a
 * larger one later, because a process that may make rings decides how much kernel memory it takes.
 */
#ifndef PROTO_PACKET_RING_H
#define PROTO_PACKET_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PACKET_RING_BLOCK_MIN_BYTES 262144 /* one packet of the largest snap length, nearly */
#define PACKET_RING_BLOCK_MAX_BYTES 1048576

/* The retire time of a ring whose reader does not rely on it: see reader/bell.h. */
#define PACKET_RING_SLOW_MS 2000

struct packet_ring_size {
	uint32_t block_bytes;
	uint32_t n_blocks;
};

/* Divide about @ring_bytes (rounded down to whole blocks) into blocks. Returns 0, or -EINVAL when
 * fewer than two blocks or more than UINT32_MAX bytes result. */
int packet_ring_divide(size_t ring_bytes, struct packet_ring_size *ret);

/* Give @sock, which must be unbound, a ring of @size whose blocks the kernel hands over when they
 * are full or @retire_ms after their first packet. Takes some 5 to 170 ms: the kernel allocates and
 * clears the memory and waits for an RCU grace period. Returns 0, or a negative errno with words in
 * @e. */
int packet_ring_make(
	int sock, const struct packet_ring_size *size, uint32_t retire_ms, struct err *e);

#endif
