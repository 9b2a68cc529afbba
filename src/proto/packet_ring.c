/* SPDX-License-Identifier: MIT */
#include "proto/packet_ring.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#define FRAME_BYTES      2048 /* version 3 only counts with it */
#define BLOCKS_PREFERRED 16

int packet_ring_divide(size_t ring_bytes, struct packet_ring_size *ret)
{
	/* few large blocks cost least per packet; a small ring still needs several of them */
	size_t block = PACKET_RING_BLOCK_MAX_BYTES;

	while (block > PACKET_RING_BLOCK_MIN_BYTES && ring_bytes / block < BLOCKS_PREFERRED)
		block /= 2;
	if (ring_bytes / block < 2 || ring_bytes > UINT32_MAX)
		return -EINVAL;
	*ret = (struct packet_ring_size){(uint32_t) block, (uint32_t) (ring_bytes / block)};
	return 0;
}

int packet_ring_make(
	int sock, const struct packet_ring_size *size, uint32_t retire_ms, struct err *e)
{
	int version = TPACKET_V3;
	struct tpacket_req3 req = {
		.tp_block_size = size->block_bytes,
		.tp_block_nr = size->n_blocks,
		.tp_frame_size = FRAME_BYTES,
		.tp_frame_nr = size->n_blocks * (size->block_bytes / FRAME_BYTES),
		.tp_retire_blk_tov = retire_ms,
	};

	if (setsockopt(sock, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0)
		return err_sys(e, -errno, "no TPACKET_V3");
	if (setsockopt(sock, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) < 0)
		return err_sys(e, -errno, "cannot make a packet ring of %zu bytes",
			(size_t) size->block_bytes * size->n_blocks);
	return 0;
}
