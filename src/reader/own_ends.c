/* SPDX-License-Identifier: MIT */
#include "reader/own_ends.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "base/own.h"
#include "reader/insns.h"

/* Where the two ends of a TCP packet are found behind the start of the network layer. */
struct ends {
	uint8_t family;
	uint32_t addr_at[2];
	uint32_t words; /* 32-bit words of an address */
};

static const struct ends v4 = {.family = 4, .addr_at = {12, 16}, .words = 1};
static const struct ends v6 = {.family = 6, .addr_at = {8, 24}, .words = 4};

static uint32_t addr_word(const struct conf_endpoint *ep, uint32_t i)
{
	const uint8_t *p = ep->addr + (size_t) 4 * i;

	return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

/* Load the TCP port of one side. X holds the length of an IPv4 header; IPv6's is fixed, as a TCP
 * header behind extension headers is not looked for. */
static void load_port(struct bpf_asm *a, const struct ends *e, int side)
{
	if (e->family == 4)
		bpf_asm_op(a, INSN_LDH_X, INSN_NET(2 * side));
	else
		bpf_asm_op(a, INSN_LDH, INSN_NET(40 + 2 * side));
}

static bool is_same_group(const struct conf_endpoint *a, const struct conf_endpoint *b)
{
	return a->family == b->family && a->port == b->port;
}

/* Is end point @i of family @family, and the first one of its port? */
static bool leads_group(const struct capture_conf *c, uint8_t family, uint16_t i)
{
	if (c->endpoints[i].family != family)
		return false;
	for (uint16_t j = 0; j < i; j++) {
		if (is_same_group(&c->endpoints[j], &c->endpoints[i]))
			return false;
	}
	return true;
}

/* Load the address of one side: an IPv4 address into A, one of IPv6 into scratch memory. */
static void load_address(struct bpf_asm *a, const struct ends *e, int side)
{
	for (uint32_t i = 0; i < e->words; i++) {
		bpf_asm_op(a, INSN_LDW, INSN_NET(e->addr_at[side] + 4 * i));
		if (e->words > 1)
			bpf_asm_op(a, BPF_ST, i);
	}
}

/* Jump to @reject if the loaded address is @ep's; go on otherwise. The last word differs most, so
 * it is compared first. */
static void match_address(
	struct bpf_asm *a, const struct ends *e, const struct conf_endpoint *ep, int reject)
{
	int next = bpf_asm_label(a);

	for (uint32_t i = e->words; i-- > 0;) {
		if (e->words > 1)
			bpf_asm_op(a, BPF_LD | BPF_W | BPF_MEM, i);
		bpf_asm_if(a, INSN_JEQ, addr_word(ep, i), i == 0 ? reject : BPF_LABEL_NEXT, next);
	}
	bpf_asm_bind(a, next);
}

/* Jump to @reject if one side of the packet has an address of the group that @lead leads, to
 * @no_match otherwise. The side's port is known to be that of the group. */
static void match_group(struct bpf_asm *a, const struct ends *e, int side,
	const struct capture_conf *c, uint16_t lead, int reject, int no_match)
{
	load_address(a, e, side);
	for (uint16_t j = lead; j < c->n_endpoints; j++) {
		if (is_same_group(&c->endpoints[lead], &c->endpoints[j]))
			match_address(a, e, &c->endpoints[j], reject);
	}
	bpf_asm_goto(a, no_match);
}

/* Jump to @reject if one side is an end point; go on otherwise. A packet with other ports costs one
 * load and one comparison for each port of ours. */
static void match_side(
	struct bpf_asm *a, const struct ends *e, int side, const struct capture_conf *c, int reject)
{
	int group[CONF_ENDPOINTS_MAX], next = bpf_asm_label(a);

	load_port(a, e, side);
	for (uint16_t i = 0; i < c->n_endpoints; i++) {
		if (!leads_group(c, e->family, i))
			continue;
		group[i] = bpf_asm_label(a);
		bpf_asm_if(a, INSN_JEQ, c->endpoints[i].port, group[i], BPF_LABEL_NEXT);
	}
	bpf_asm_goto(a, next);
	for (uint16_t i = 0; i < c->n_endpoints; i++) {
		if (!leads_group(c, e->family, i))
			continue;
		bpf_asm_bind(a, group[i]);
		match_group(a, e, side, c, i, reject, next);
	}
	bpf_asm_bind(a, next);
}

static bool has_family(const struct capture_conf *c, uint8_t family)
{
	for (uint16_t i = 0; i < c->n_endpoints; i++) {
		if (c->endpoints[i].family == family)
			return true;
	}
	return false;
}

static void append_v4(struct bpf_asm *a, const struct capture_conf *c, int reject, int next)
{
	bpf_asm_op(a, INSN_LDB, INSN_NET(9));
	bpf_asm_if(a, INSN_JEQ, IPPROTO_TCP, BPF_LABEL_NEXT, next);
	bpf_asm_op(a, INSN_LDH, INSN_NET(6));
	bpf_asm_if(a, INSN_JSET, 0x1fff, next, BPF_LABEL_NEXT); /* later fragments have no ports */
	bpf_asm_op(a, INSN_LDB, INSN_NET(0));
	bpf_asm_op(a, BPF_ALU | BPF_AND | BPF_K, 0xf);
	bpf_asm_op(a, BPF_ALU | BPF_LSH | BPF_K, 2);
	bpf_asm_op(a, BPF_MISC | BPF_TAX, 0);
	match_side(a, &v4, 0, c, reject);
	match_side(a, &v4, 1, c, reject);
	bpf_asm_goto(a, next);
}

static void append_v6(struct bpf_asm *a, const struct capture_conf *c, int reject, int next)
{
	bpf_asm_op(a, INSN_LDB, INSN_NET(6));
	bpf_asm_if(a, INSN_JEQ, IPPROTO_TCP, BPF_LABEL_NEXT, next);
	match_side(a, &v6, 0, c, reject);
	match_side(a, &v6, 1, c, reject);
	bpf_asm_goto(a, next);
}

void own_ends_append(struct bpf_asm *a, const struct capture_conf *c, int reject)
{
	int next = bpf_asm_label(a), is_v4 = next, is_v6 = next;

	if (has_family(c, 4))
		is_v4 = bpf_asm_label(a);
	if (has_family(c, 6))
		is_v6 = bpf_asm_label(a);
	bpf_asm_op(a, INSN_LDW, INSN_FACT(SKF_AD_PROTOCOL));
	bpf_asm_if(a, INSN_JEQ, ETH_P_IP, is_v4, BPF_LABEL_NEXT);
	bpf_asm_if(a, INSN_JEQ, ETH_P_IPV6, is_v6, next);
	if (is_v4 != next) {
		bpf_asm_bind(a, is_v4);
		append_v4(a, c, reject, next);
	}
	if (is_v6 != next) {
		bpf_asm_bind(a, is_v6);
		append_v6(a, c, reject, next);
	}
	bpf_asm_bind(a, next);
}
