/* SPDX-License-Identifier: MIT */
/* The numbered packet: what bench-send puts into each UDP datagram and every receiving side looks
 * for in a captured Ethernet frame. Little-endian: magic, sequence number, send time. */
#ifndef BENCH_NUMBERED_H
#define BENCH_NUMBERED_H

#include "base/bytes.h"

#define NUMBERED_MAGIC      0x6d756e70u
#define NUMBERED_HEAD_BYTES 42 /* Ethernet, IPv4 without options, UDP */
#define NUMBERED_BODY_BYTES 20

struct numbered {
	uint64_t seq;
	int64_t sent_ns; /* clock_mono_ns() of the sender: one clock for all namespaces */
};

/* Write NUMBERED_BODY_BYTES to @ret. */
static inline void numbered_put(uint8_t *ret, uint64_t seq, int64_t sent_ns)
{
	put_le32(ret, NUMBERED_MAGIC);
	put_le64(ret + 4, seq);
	put_le64(ret + 12, (uint64_t) sent_ns);
}

/* False if @frame is not a whole numbered packet. */
static inline bool numbered_get(const uint8_t *frame, size_t len_bytes, struct numbered *ret)
{
	const uint8_t *body = frame + NUMBERED_HEAD_BYTES;

	if (len_bytes < NUMBERED_HEAD_BYTES + NUMBERED_BODY_BYTES ||
		get_le32(body) != NUMBERED_MAGIC)
		return false;
	ret->seq = get_le64(body + 4);
	ret->sent_ns = (int64_t) get_le64(body + 12);
	return true;
}

#endif
