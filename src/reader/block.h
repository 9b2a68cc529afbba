/* SPDX-License-Identifier: MIT */
/* Walking the packets of one ring block. The block is shared memory: every count and offset is
 * copied once and bounded before it is used. */
#ifndef READER_BLOCK_H
#define READER_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One packet, borrowed from the block. */
struct packet {
	const uint8_t *data; /* @caplen bytes from the start of the link layer */
	uint32_t caplen;
	uint32_t len;    /* on the link, without a VLAN tag that was taken off */
	uint32_t net_at; /* offset of the network layer, at most @len; perhaps cut off */
	uint64_t ts_ns;  /* since 1970 */
	uint32_t ifindex;
	uint16_t arphrd;
	uint16_t protocol; /* ETH_P_*, host byte order */
	uint8_t pkttype;   /* PACKET_HOST ... PACKET_OUTGOING */
	uint8_t addr_len;  /* of the sender's link-layer address */
	uint8_t addr[8];
	bool has_vlan; /* a tag was taken off: @vlan_tpid, @vlan_tci */
	uint16_t vlan_tpid, vlan_tci;
};

struct block_walk {
	const uint8_t *block;
	size_t block_bytes;
	size_t at;      /* of the next packet */
	uint32_t shown; /* packets shown so far */
	uint32_t left;  /* packets that the block says are left */
};

/* Start at the first packet of the block of @block_bytes at @block. *ret_lossy tells whether the
 * kernel dropped packets before this block was closed. Returns 0 or -EBADMSG. */
int block_begin(struct block_walk *w, const uint8_t *block, size_t block_bytes, bool *ret_lossy);

/* Go on in the same block, of which the first @n packets are known to be whole by now: those not
 * shown yet are left. Returns 0, or -EBADMSG when that is less than what was shown, or too much. */
int block_resume(struct block_walk *w, uint32_t n);

/* The packets that the block says it holds. */
uint32_t block_packets(const uint8_t *block);

/* The next packet: 1, or 0 at the end, or -EBADMSG when an offset points outside the block (the
 * ring must then not be used any more). */
int block_next(struct block_walk *w, struct packet *ret);

#endif
