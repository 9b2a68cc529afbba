/* SPDX-License-Identifier: MIT */
#include "reader/filter.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/own.h"
#include "bpf/asm.h"
#include "netlink/linktype.h"

#define LD_META(what)  (uint32_t)(SKF_AD_OFF + (what))
#define LD_NET(offset) (uint32_t)(SKF_NET_OFF + (offset))

#define LDW   (BPF_LD | BPF_W | BPF_ABS)
#define LDH   (BPF_LD | BPF_H | BPF_ABS)
#define LDB   (BPF_LD | BPF_B | BPF_ABS)
#define LDH_X (BPF_LD | BPF_H | BPF_IND)
#define JEQ   (BPF_JMP | BPF_JEQ | BPF_K)
#define JSET  (BPF_JMP | BPF_JSET | BPF_K)
#define RET   (BPF_RET | BPF_K)

/* Where the two ends of a TCP packet are found behind the start of the network layer. */
struct ends {
	uint8_t family;
	uint32_t addr_at[2];
	uint32_t words; /* 32-bit words of an address */
};

static const struct ends v4 = {.family = 4, .addr_at = {12, 16}, .words = 1};
static const struct ends v6 = {.family = 6, .addr_at = {8, 24}, .words = 4};

static void drop_loopback_copies(struct bpf_asm *a, int drop)
{
	int next = bpf_asm_label(a);

	bpf_asm_op(a, LDW, LD_META(SKF_AD_HATYPE));
	bpf_asm_if(a, JEQ, ARPHRD_LOOPBACK, BPF_LABEL_NEXT, next);
	bpf_asm_op(a, LDW, LD_META(SKF_AD_PKTTYPE));
	bpf_asm_if(a, JEQ, PACKET_OUTGOING, drop, next);
	bpf_asm_bind(a, next);
}

static void keep_chosen(struct bpf_asm *a, const struct filter_plan *plan, int drop)
{
	int next = bpf_asm_label(a);

	bpf_asm_op(a, LDW, LD_META(SKF_AD_IFINDEX));
	for (size_t i = 0; i < plan->n_ifindexes; i++)
		bpf_asm_if(a, JEQ, plan->ifindexes[i], next, BPF_LABEL_NEXT);
	bpf_asm_goto(a, drop);
	bpf_asm_bind(a, next);
}

static uint32_t addr_word(const struct conf_endpoint *ep, uint32_t i)
{
	const uint8_t *p = ep->addr + (size_t) 4 * i;

	return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

/* Jump to @drop if the address of end @e.addr_at[side] is @ep's; go on otherwise. */
static void match_address(
	struct bpf_asm *a, const struct ends *e, int side, const struct conf_endpoint *ep, int drop)
{
	int next = bpf_asm_label(a);

	for (uint32_t i = 0; i < e->words; i++) {
		bpf_asm_op(a, LDW, LD_NET(e->addr_at[side] + 4 * i));
		bpf_asm_if(
			a, JEQ, addr_word(ep, i), i + 1 == e->words ? drop : BPF_LABEL_NEXT, next);
	}
	bpf_asm_bind(a, next);
}

/* Load the TCP port of one side. X holds the length of an IPv4 header; IPv6's is fixed, as a TCP
 * header behind extension headers is not looked for. */
static void load_port(struct bpf_asm *a, const struct ends *e, int side)
{
	if (e->family == 4)
		bpf_asm_op(a, LDH_X, LD_NET(2 * side));
	else
		bpf_asm_op(a, LDH, LD_NET(40 + 2 * side));
}

static bool same_group(const struct conf_endpoint *a, const struct conf_endpoint *b)
{
	return a->family == b->family && a->port == b->port;
}

/* Is end point @i the first one of its family and port? */
static bool leads_group(const struct capture_conf *c, uint16_t i)
{
	for (uint16_t j = 0; j < i; j++) {
		if (same_group(&c->endpoints[j], &c->endpoints[i]))
			return false;
	}
	return true;
}

/* Jump to @drop if one side of the packet is an end point of the group that @i leads. */
static void match_group(struct bpf_asm *a, const struct ends *e, int side,
	const struct capture_conf *c, uint16_t i, int drop)
{
	int next = bpf_asm_label(a);

	load_port(a, e, side);
	bpf_asm_if(a, JEQ, c->endpoints[i].port, BPF_LABEL_NEXT, next);
	for (uint16_t j = i; j < c->n_endpoints; j++) {
		if (same_group(&c->endpoints[i], &c->endpoints[j]))
			match_address(a, e, side, &c->endpoints[j], drop);
	}
	bpf_asm_bind(a, next);
}

/* The end points of one family, port by port: a packet with other ports costs one comparison for
 * each port we serve, however many addresses we have. */
static void match_ends(
	struct bpf_asm *a, const struct ends *e, const struct capture_conf *c, int drop)
{
	for (uint16_t i = 0; i < c->n_endpoints; i++) {
		if (c->endpoints[i].family != e->family || !leads_group(c, i))
			continue;
		match_group(a, e, 0, c, i, drop);
		match_group(a, e, 1, c, i, drop);
	}
}

static void drop_own(struct bpf_asm *a, const struct capture_conf *c, int drop)
{
	int is_v4 = bpf_asm_label(a), is_v6 = bpf_asm_label(a), next = bpf_asm_label(a);

	bpf_asm_op(a, LDW, LD_META(SKF_AD_PROTOCOL));
	bpf_asm_if(a, JEQ, ETH_P_IP, is_v4, BPF_LABEL_NEXT);
	bpf_asm_if(a, JEQ, ETH_P_IPV6, is_v6, next);

	bpf_asm_bind(a, is_v4);
	bpf_asm_op(a, LDB, LD_NET(9));
	bpf_asm_if(a, JEQ, IPPROTO_TCP, BPF_LABEL_NEXT, next);
	bpf_asm_op(a, LDH, LD_NET(6));
	bpf_asm_if(a, JSET, 0x1fff, next, BPF_LABEL_NEXT); /* later fragments have no ports */
	bpf_asm_op(a, LDB, LD_NET(0));
	bpf_asm_op(a, BPF_ALU | BPF_AND | BPF_K, 0xf);
	bpf_asm_op(a, BPF_ALU | BPF_LSH | BPF_K, 2);
	bpf_asm_op(a, BPF_MISC | BPF_TAX, 0);
	match_ends(a, &v4, c, drop);
	bpf_asm_goto(a, next);

	bpf_asm_bind(a, is_v6);
	bpf_asm_op(a, LDB, LD_NET(6));
	bpf_asm_if(a, JEQ, IPPROTO_TCP, BPF_LABEL_NEXT, next);
	match_ends(a, &v6, c, drop);
	bpf_asm_bind(a, next);
}

/* One user's program behind its label; a link type without one keeps nothing. */
static void put_program(struct bpf_asm *a, const struct capture_conf *c, uint16_t linktype)
{
	for (uint16_t i = 0; i < c->n_programs; i++) {
		if (c->programs[i].linktype == linktype && !c->programs[i].refuses) {
			bpf_asm_append(a, c->programs[i].insns, c->programs[i].n_insns);
			return;
		}
	}
	bpf_asm_op(a, RET, 0);
}

static void dispatch(struct bpf_asm *a, const struct capture_conf *c)
{
	static const uint16_t types[] = {LINKTYPE_ETHERNET, LINKTYPE_RAW_IP, LINKTYPE_IEEE802_11,
		LINKTYPE_IEEE802_11_RADIOTAP, LINKTYPE_LINUX_SLL};
	size_t n_rules;
	const struct linktype_rule *rules = linktype_rules(&n_rules);
	int to[ARRAY_LEN(types)];

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		to[i] = bpf_asm_label(a);
	bpf_asm_op(a, LDW, LD_META(SKF_AD_HATYPE));
	for (size_t r = 0; r < n_rules; r++) {
		for (size_t i = 0; i < ARRAY_LEN(types); i++) {
			if (types[i] == rules[r].linktype)
				bpf_asm_if(a, JEQ, rules[r].arphrd, to[i], BPF_LABEL_NEXT);
		}
	}
	bpf_asm_goto(a, to[ARRAY_LEN(types) - 1]); /* every other kind of link is cooked */
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		bpf_asm_bind(a, to[i]);
		put_program(a, c, types[i]);
	}
}

ssize_t filter_assemble(const struct filter_plan *plan, struct sock_filter ret[BPF_MAXINSNS])
{
	const struct capture_conf *c = plan->conf;
	struct bpf_asm a;
	ssize_t n;
	int drop;

	bpf_asm_init(&a);
	drop = bpf_asm_label(&a);
	drop_loopback_copies(&a, drop);
	if (c->n_names > 0)
		keep_chosen(&a, plan, drop);
	if (c->n_endpoints > 0)
		drop_own(&a, c, drop);
	if (c->filter && c->filter[0] != '\0')
		dispatch(&a, c);
	else
		bpf_asm_op(&a, RET, c->snaplen);
	bpf_asm_bind(&a, drop);
	bpf_asm_op(&a, RET, 0);
	n = bpf_asm_finish(&a, ret, BPF_MAXINSNS);
	bpf_asm_done(&a);
	return n;
}

int filter_attach(int sock, const struct sock_filter *prog, size_t n)
{
	struct sock_fprog f = {.len = (unsigned short) n, .filter = (struct sock_filter *) prog};

	return setsockopt(sock, SOL_SOCKET, SO_ATTACH_FILTER, &f, sizeof(f)) < 0 ? -errno : 0;
}

int filter_attach_none(int sock)
{
	static const struct sock_filter drop_all[] = {{.code = RET, .k = 0}};

	return filter_attach(sock, drop_all, 1);
}
