/* SPDX-License-Identifier: MIT */
#include "reader/block.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <arpa/inet.h>
#include <string.h>

#define ADDR_AT          TPACKET_ALIGN(sizeof(struct tpacket3_hdr))
#define LEAST            (ADDR_AT + sizeof(struct sockaddr_ll))
#define FETCH_BYTES      1536
#define CACHE_LINE_BYTES 64
#define ALIGN            8 /* of packets in a block, af_packet's V3_ALIGNMENT */

int block_begin(struct block_walk *w, const uint8_t *block, size_t block_bytes, bool *ret_lossy)
{
	struct tpacket_block_desc d;

	memcpy(&d, block, sizeof(d));
	if (d.hdr.bh1.num_pkts > block_bytes / LEAST || d.hdr.bh1.offset_to_first_pkt < sizeof(d) ||
		d.hdr.bh1.offset_to_first_pkt > block_bytes)
		return -EBADMSG;
	w->block = block;
	w->block_bytes = block_bytes;
	w->at = d.hdr.bh1.offset_to_first_pkt;
	w->shown = 0;
	w->left = d.hdr.bh1.num_pkts;
	*ret_lossy = d.hdr.bh1.block_status & TP_STATUS_LOSING;
	return 0;
}

int block_resume(struct block_walk *w, uint32_t n)
{
	if (n < w->shown || n > w->block_bytes / LEAST)
		return -EBADMSG;
	w->left = n - w->shown;
	return 0;
}

uint32_t block_packets(const uint8_t *block)
{
	struct tpacket_block_desc d;

	memcpy(&d, block, sizeof(d));
	return d.hdr.bh1.num_pkts;
}

static void put_address(const struct sockaddr_ll *from, struct packet *p)
{
	p->ifindex = (uint32_t) from->sll_ifindex;
	p->arphrd = from->sll_hatype;
	p->protocol = ntohs(from->sll_protocol);
	p->pkttype = from->sll_pkttype;
	p->addr_len = from->sll_halen < sizeof(p->addr) ? from->sll_halen : sizeof(p->addr);
	memcpy(p->addr, from->sll_addr, sizeof(p->addr));
}

/* The kernel wrote the block on another processor: have the next packet on its way while this large
 * one is copied. Small ones are fetched by the processor itself as they stand close together. */
static void fetch_ahead(const struct block_walk *w)
{
	size_t end = w->at + FETCH_BYTES < w->block_bytes ? w->at + FETCH_BYTES : w->block_bytes;

	for (size_t i = w->at; i < end; i += CACHE_LINE_BYTES)
		__builtin_prefetch(w->block + i);
}

int block_next(struct block_walk *w, struct packet *ret)
{
	struct tpacket3_hdr h;
	struct sockaddr_ll from;
	const uint8_t *p = w->block + w->at;
	size_t room;

	if (w->left == 0)
		return 0;
	if (w->at > w->block_bytes || w->block_bytes - w->at < LEAST)
		return -EBADMSG;
	room = w->block_bytes - w->at;
	memcpy(&h, p, sizeof(h));
	memcpy(&from, p + ADDR_AT, sizeof(from));
	if (h.tp_mac < LEAST || h.tp_mac > room || h.tp_snaplen > room - h.tp_mac ||
		h.tp_snaplen > h.tp_len || h.tp_next_offset > room)
		return -EBADMSG;
	if (w->left > 1 && (h.tp_next_offset < LEAST || h.tp_next_offset % ALIGN != 0))
		return -EBADMSG;
	ret->data = p + h.tp_mac;
	ret->caplen = h.tp_snaplen;
	ret->len = h.tp_len;
	ret->net_at = h.tp_net > h.tp_mac ? (uint32_t) (h.tp_net - h.tp_mac) : 0;
	if (ret->net_at > ret->caplen)
		ret->net_at = ret->caplen;
	ret->ts_ns = (uint64_t) h.tp_sec * 1000000000 + h.tp_nsec;
	put_address(&from, ret);
	ret->has_vlan = h.tp_status & TP_STATUS_VLAN_VALID;
	ret->vlan_tci = (uint16_t) h.hv1.tp_vlan_tci;
	ret->vlan_tpid = h.tp_status & TP_STATUS_VLAN_TPID_VALID ? h.hv1.tp_vlan_tpid : ETH_P_8021Q;
	w->at += h.tp_next_offset;
	w->shown++;
	w->left--;
	if (w->left > 0 && ret->caplen >= FETCH_BYTES / 2)
		fetch_ahead(w);
	return 1;
}
