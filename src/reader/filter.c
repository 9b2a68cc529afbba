/* SPDX-License-Identifier: MIT */
#include "reader/filter.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_packet.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/own.h"
#include "bpf/asm.h"
#include "netlink/linktype.h"
#include "reader/insns.h"
#include "reader/own_ends.h"

static const uint16_t types[] = {LINKTYPE_ETHERNET, LINKTYPE_RAW_IP, LINKTYPE_IEEE802_11,
	LINKTYPE_IEEE802_11_RADIOTAP, LINKTYPE_LINUX_SLL};

uint32_t filter_type_bit(uint16_t linktype)
{
	for (uint32_t i = 0; i < ARRAY_LEN(types); i++) {
		if (types[i] == linktype)
			return 1U << i;
	}
	return 0;
}

static void drop_loopback_copies(struct bpf_asm *a, int drop)
{
	int next = bpf_asm_label(a);

	bpf_asm_op(a, INSN_LDW, INSN_FACT(SKF_AD_HATYPE));
	bpf_asm_if(a, INSN_JEQ, ARPHRD_LOOPBACK, BPF_LABEL_NEXT, next);
	bpf_asm_op(a, INSN_LDW, INSN_FACT(SKF_AD_PKTTYPE));
	bpf_asm_if(a, INSN_JEQ, PACKET_OUTGOING, drop, next);
	bpf_asm_bind(a, next);
}

static void keep_chosen(struct bpf_asm *a, const struct filter_plan *plan, int drop)
{
	int next = bpf_asm_label(a);

	bpf_asm_op(a, INSN_LDW, INSN_FACT(SKF_AD_IFINDEX));
	for (size_t i = 0; i < plan->n_ifindexes; i++)
		bpf_asm_if(a, INSN_JEQ, plan->ifindexes[i], next, BPF_LABEL_NEXT);
	bpf_asm_goto(a, drop);
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
	bpf_asm_op(a, INSN_RET, 0);
}

/* Go on with the part for the link's type; the parts of types that the plan leaves open are one,
 * the last. */
static void dispatch(struct bpf_asm *a, const struct filter_plan *plan)
{
	size_t n_rules;
	const struct linktype_rule *rules = linktype_rules(&n_rules);
	int to[ARRAY_LEN(types)], open = bpf_asm_label(a);

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		to[i] = plan->types & filter_type_bit(types[i]) ? bpf_asm_label(a) : open;
	bpf_asm_op(a, INSN_LDW, INSN_FACT(SKF_AD_HATYPE));
	for (size_t r = 0; r < n_rules; r++) {
		for (size_t i = 0; i < ARRAY_LEN(types); i++) {
			if (types[i] == rules[r].linktype)
				bpf_asm_if(a, INSN_JEQ, rules[r].arphrd, to[i], BPF_LABEL_NEXT);
		}
	}
	bpf_asm_goto(a, to[ARRAY_LEN(types) - 1]); /* every other kind of link is cooked */
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (to[i] == open)
			continue;
		bpf_asm_bind(a, to[i]);
		put_program(a, plan->conf, types[i]);
	}
	bpf_asm_bind(a, open);
	bpf_asm_op(a, INSN_RET, CONF_SNAPLEN_MAX);
}

ssize_t filter_assemble(const struct filter_plan *plan, struct sock_filter *ret, size_t cap)
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
		own_ends_append(&a, c, drop);
	if (c->filter && c->filter[0] != '\0')
		dispatch(&a, plan);
	else
		bpf_asm_op(&a, INSN_RET, c->snaplen);
	bpf_asm_bind(&a, drop);
	bpf_asm_op(&a, INSN_RET, 0);
	n = bpf_asm_finish(&a, ret, cap);
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
	static const struct sock_filter drop_all[] = {{.code = INSN_RET, .k = 0}};

	return filter_attach(sock, drop_all, 1);
}

int filter_detach(int sock)
{
	int unused = 0;

	return setsockopt(sock, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused)) < 0 ? -errno
											   : 0;
}
