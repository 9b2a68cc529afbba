/* SPDX-License-Identifier: MIT */
#include "reader/block.h"

#include <errno.h>
#include <stddef.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <arpa/inet.h>
#include <string.h>

#define ADDR_AT          TPACKET_ALIGN(sizeof(struct tpacket3_hdr))
#define LEAST            (ADDR_AT + sizeof(struct sockaddr_ll))
#define FETCH_BYTES      1536
#define CACHE_LINE_BYTES 64
#define ALIGN            8 /* of packets in a block, af_packet's V3_ALIGNMENT */

/* Headers are read through pointers to volatile: each field once, and from where it is. A copy of a
 * whole header would cost as much as the rest. */

int block_begin(struct block_walk *w, const uint8_t *block, size_t block_bytes, bool *ret_lossy)
{
	struct tpacket_block_desc d;

	memcpy(&d, block, sizeof(d));
	if (d.hdr.bh1.num_pkts > block_bytes / LEAST || d.hdr.bh1.offset_to_first_pkt < sizeof(d) ||
		d.hdr.bh1.offset_to_first_pkt > block_bytes ||
		d.hdr.bh1.offset_to_first_pkt % ALIGN != 0)
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

static void put_address(const uint8_t *at, struct packet *p)
{
	const volatile struct sockaddr_ll *from = (const void *) at;
	uint8_t addr_len = from->sll_halen;

	p->ifindex = (uint32_t) from->sll_ifindex;
	p->arphrd = from->sll_hatype;
	p->protocol = ntohs(from->sll_protocol);
	p->pkttype = from->sll_pkttype;
	p->addr_len = addr_len < sizeof(p->addr) ? addr_len : sizeof(p->addr);
	memcpy(p->addr, at + offsetof(struct sockaddr_ll, sll_addr), sizeof(p->addr));
}

/* The kernel wrote the block on another processor: have the next packet on its way while this large
 * one is copied. Small ones are fetched by the processor itself as they stand close together. */
static void fetch_ahead(const struct block_walk *w)
{
	size_t end = w->at + FETCH_BYTES < w->block_bytes ? w->at + FETCH_BYTES : w->block_bytes;

	for (size_t i = w->at; i < end; i += CACHE_LINE_BYTES)
		__builtin_prefetch(w->block + i);
}

/* Where the packet whose header is at @p stands, and how far the next one is: nothing is outside
 * @room. */
static int put_place(const uint8_t *p, size_t room, struct packet *ret, uint32_t *ret_next)
{
	const volatile struct tpacket3_hdr *h = (const void *) p;
	uint32_t caplen = h->tp_snaplen, len = h->tp_len, next = h->tp_next_offset;
	uint16_t mac = h->tp_mac, net = h->tp_net;

	if (mac < LEAST || mac > room || caplen > room - mac || caplen > len || next > room)
		return -EBADMSG;
	ret->data = p + mac;
	ret->caplen = caplen;
	ret->len = len;
	ret->net_at = net > mac ? (uint32_t) (net - mac) : 0;
	if (ret->net_at > len)
		ret->net_at = len;
	*ret_next = next;
	return 0;
}

static void put_rest(const uint8_t *p, struct packet *ret)
{
	const volatile struct tpacket3_hdr *h = (const void *) p;
	uint32_t status = h->tp_status;

	ret->ts_ns = (uint64_t) h->tp_sec * 1000000000 + h->tp_nsec;
	ret->has_vlan = status & TP_STATUS_VLAN_VALID;
	ret->vlan_tci = (uint16_t) h->hv1.tp_vlan_tci;
	ret->vlan_tpid = status & TP_STATUS_VLAN_TPID_VALID ? h->hv1.tp_vlan_tpid : ETH_P_8021Q;
	put_address(p + ADDR_AT, ret);
}

int block_next(struct block_walk *w, struct packet *ret)
{
	const uint8_t *p = w->block + w->at;
	uint32_t next;

	if (w->left == 0)
		return 0;
	if (w->at > w->block_bytes || w->block_bytes - w->at < LEAST ||
		put_place(p, w->block_bytes - w->at, ret, &next) < 0)
		return -EBADMSG;
	if (next % ALIGN != 0 || (w->left > 1 && next < LEAST))
		return -EBADMSG;
	put_rest(p, ret);
	w->at += next;
	w->shown++;
	w->left--;
	if (w->left > 0 && ret->caplen >= FETCH_BYTES / 2)
		fetch_ahead(w);
	return 1;
}
