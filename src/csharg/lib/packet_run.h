/* SPDX-License-Identifier: MIT */
/* The short way for most of a stream: packets that are passed on as they are, many at once. */
#ifndef CSHARG_PACKET_RUN_H
#define CSHARG_PACKET_RUN_H

#include "csharg/lib/section.h"

struct packet_run {
	size_t len_bytes; /* of their blocks */
	uint64_t packets;
	uint64_t lost; /* sum of what they say was lost before them */
};

/* Look at the blocks at @p, which begin with a whole one if there is any, and tell how far they are
 * Enhanced Packet Blocks, little-endian and faultless (as section_packet() judges), of interfaces
 * of
 * @s: at most @max_packets of them, @len_bytes bytes, none with more than @snaplen_bytes of a
 * packet (0 = any). The first block that is anything else ends the run; it says nothing about that
 * one. */
struct packet_run packet_run_of(const struct section *s, const uint8_t *p, size_t len_bytes,
	uint64_t max_packets, uint32_t snaplen_bytes);

#endif
