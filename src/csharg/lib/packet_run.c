/* SPDX-License-Identifier: MIT */
#include "csharg/lib/packet_run.h"

#define EPB_LEAST         (EPB_DATA_AT + 4)
#define OPT_EPB_DROPCOUNT 4

/* What the options between @at and @end say was lost. */
static uint64_t lost_of(const uint8_t *at, const uint8_t *end)
{
	uint64_t lost = 0;

	while (end - at >= 4) {
		uint16_t code = get_le16(at), len = get_le16(at + 2);
		size_t padded = ((size_t) len + 3) & ~(size_t) 3;

		if (code == 0 || padded > (size_t) (end - at) - 4)
			break;
		if (code == OPT_EPB_DROPCOUNT && len == 8)
			lost = get_le64(at + 4);
		at += 4 + padded;
	}
	return lost;
}

struct packet_run packet_run_of(const struct section *s, const uint8_t *p, size_t len_bytes,
	uint64_t max_packets, uint32_t snaplen_bytes)
{
	const uint32_t most = snaplen_bytes ? snaplen_bytes : UINT32_MAX;
	struct packet_run run = {0};

	while (len_bytes - run.len_bytes >= EPB_LEAST && run.packets < max_packets) {
		const uint8_t *b = p + run.len_bytes;
		uint32_t len = get_le32(b + 4), kept = get_le32(b + 20);

		if (get_le32(b) != BLOCK_EPB || len < EPB_LEAST || len % 4 || len > BLOCK_MAX ||
			len > len_bytes - run.len_bytes || get_le32(b + len - 4) != len)
			break;
		if (get_le32(b + 8) >= s->n_interfaces || kept > len - EPB_LEAST || kept > most)
			break;
		run.lost +=
			lost_of(b + EPB_DATA_AT + (((size_t) kept + 3) & ~(size_t) 3), b + len - 4);
		run.packets++;
		run.len_bytes += len;
	}
	return run;
}
