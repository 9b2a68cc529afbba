/* SPDX-License-Identifier: MIT */
#include "reader/emit.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <string.h>

#include "netlink/linktype.h"

#define VLAN_TAG_AT    12 /* behind the two addresses of an Ethernet header */
#define VLAN_TAG_BYTES 4
#define COOKED_BYTES   16 /* of the header of LINKTYPE_LINUX_SLL */
#define WORD_BYTES     16 /* what a vector register holds */
#define SHORT_BYTES    256

static uint32_t flags_of(uint8_t pkttype)
{
	static const uint32_t flags[] = {
		[PACKET_HOST] = PCAPNG_DIR_IN | PCAPNG_TO_US,
		[PACKET_BROADCAST] = PCAPNG_DIR_IN | PCAPNG_TO_BROADCAST,
		[PACKET_MULTICAST] = PCAPNG_DIR_IN | PCAPNG_TO_MULTICAST,
		[PACKET_OTHERHOST] = PCAPNG_DIR_IN | PCAPNG_TO_OTHERS,
		[PACKET_OUTGOING] = PCAPNG_DIR_OUT,
	};

	return pkttype <= PACKET_OUTGOING ? flags[pkttype] : 0;
}

static void put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t) (v >> 8);
	p[1] = (uint8_t) v;
}

/* The header of LINKTYPE_LINUX_SLL. A tag stands behind it, in the form it has behind an Ethernet
 * type: the header has the tag's type as its protocol, and the tag has that of the packet. */
static void plan_cooked(const struct packet *p, struct emit_plan *e)
{
	put_be16(e->insert, p->pkttype);
	put_be16(e->insert + 2, p->arphrd);
	put_be16(e->insert + 4, p->addr_len);
	memcpy(e->insert + 6, p->addr, sizeof(p->addr));
	put_be16(e->insert + 14, p->has_vlan ? p->vlan_tpid : p->protocol);
	e->insert_len = COOKED_BYTES;
	if (p->has_vlan) {
		put_be16(e->insert + COOKED_BYTES, p->vlan_tci);
		put_be16(e->insert + COOKED_BYTES + 2, p->protocol);
		e->insert_len += VLAN_TAG_BYTES;
	}
	e->skip = p->net_at < p->caplen ? p->net_at : p->caplen;
}

static void plan_vlan(const struct packet *p, struct emit_plan *e)
{
	put_be16(e->insert, p->vlan_tpid);
	put_be16(e->insert + 2, p->vlan_tci);
	e->insert_at = VLAN_TAG_AT;
	e->insert_len = VLAN_TAG_BYTES;
}

void emit_plan(const struct packet *p, uint32_t interface, uint16_t linktype, uint32_t snaplen,
	struct emit_plan *ret)
{
	uint32_t caplen, len = p->len;

	ret->insert_len = 0;
	ret->insert_at = 0;
	ret->skip = 0;
	if (linktype == LINKTYPE_LINUX_SLL)
		plan_cooked(p, ret);
	else if (p->has_vlan && linktype == LINKTYPE_ETHERNET && p->len >= VLAN_TAG_AT)
		plan_vlan(p, ret);
	if (linktype == LINKTYPE_LINUX_SLL)
		len -= p->net_at;
	len += ret->insert_len;
	/* the kernel cut the packet before the place of the tag: it counts, but is not written */
	if (p->caplen < ret->insert_at)
		ret->insert_len = 0;
	caplen = p->caplen - ret->skip + ret->insert_len;
	ret->epb = (struct pcapng_epb){
		.interface = interface,
		.ts_ns = p->ts_ns,
		.caplen = caplen < snaplen ? caplen : snaplen,
		.len = len,
		.flags = flags_of(p->pkttype),
	};
}

/* memcpy() whose call is not worth it for most packets. */
static void copy(uint8_t *to, const uint8_t *from, size_t n)
{
	if (n < WORD_BYTES || n > SHORT_BYTES) {
		memcpy(to, from, n);
		return;
	}
	for (size_t i = 0; i < n - WORD_BYTES; i += WORD_BYTES)
		memcpy(to + i, from + i, WORD_BYTES);
	/* the last ones, which may overlap those before */
	memcpy(to + n - WORD_BYTES, from + n - WORD_BYTES, WORD_BYTES);
}

/* Append at most @n bytes of @src, never past @end. */
static uint8_t *append(uint8_t *to, const uint8_t *end, const uint8_t *src, size_t n)
{
	size_t room = (size_t) (end - to);

	if (n > room)
		n = room;
	copy(to, src, n);
	return to + n;
}

void emit_put(const struct emit_plan *plan, const struct packet *p, uint8_t *out)
{
	uint8_t *to = out + PCAPNG_EPB_DATA_AT;
	const uint8_t *end = to + plan->epb.caplen, *from = p->data + plan->skip;
	uint32_t left = p->caplen - plan->skip;

	if (plan->insert_len) {
		to = append(to, end, from, plan->insert_at);
		to = append(to, end, plan->insert, plan->insert_len);
		from += plan->insert_at;
		left -= plan->insert_at;
	}
	(void) append(to, end, from, left);
	pcapng_frame_epb(&plan->epb, out);
}
