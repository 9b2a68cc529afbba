/* SPDX-License-Identifier: MIT */
#include "netlink/nft_rule.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/own.h"
#include "netlink/dump.h"
#include "netlink/nft_xt.h"

#define SLOTS     16 /* registers, as words of 32 bits */
#define ATTRS_MAX 16 /* numbers of attributes we look at are below */

/* What a register holds while the rule runs. */
enum holds {
	HOLDS_OTHER,
	HOLDS_PROTOCOL,
	HOLDS_ADDR,
	HOLDS_PORT,
	HOLDS_VALUE
};

struct machine {
	struct slot {
		enum holds holds;
		uint8_t value[16]; /* for HOLDS_VALUE */
		size_t len_bytes;
	} slot[SLOTS];
	struct nft_rule *rule;
};

/* Attributes by number; those not there are empty. */
struct table {
	struct nl_attrs a[ATTRS_MAX];
};

static struct table read_table(struct nl_attrs from)
{
	struct nl_attrs a;
	struct table t;
	int type;

	memset(&t, 0, sizeof(t));
	while ((type = nl_attr_next(&from, &a)) >= 0) {
		if (type < ATTRS_MAX)
			t.a[type] = a;
	}
	return t;
}

/* The slot of register number @a, NULL if there is none: four wide ones, then sixteen narrow ones
 * in the same place. */
static struct slot *slot_of(struct machine *m, const struct nl_attrs *a)
{
	uint32_t reg = nl_attr_be32(a);

	if (reg >= NFT_REG_1 && reg <= NFT_REG_4)
		return &m->slot[(size_t) (reg - NFT_REG_1) * 4];
	if (reg >= NFT_REG32_00 && reg <= NFT_REG32_15)
		return &m->slot[reg - NFT_REG32_00];
	return NULL;
}

static void run_meta(struct machine *m, const struct table *t)
{
	struct slot *s = slot_of(m, &t->a[NFTA_META_DREG]);

	if (s)
		s->holds = nl_attr_be32(&t->a[NFTA_META_KEY]) == NFT_META_L4PROTO ? HOLDS_PROTOCOL
										  : HOLDS_OTHER;
}

static enum holds payload_holds(uint8_t family, const struct table *t)
{
	uint32_t base = nl_attr_be32(&t->a[NFTA_PAYLOAD_BASE]);
	uint32_t offset = nl_attr_be32(&t->a[NFTA_PAYLOAD_OFFSET]);
	uint32_t len = nl_attr_be32(&t->a[NFTA_PAYLOAD_LEN]);
	uint32_t protocol_at = family == AF_INET ? 9 : 6, addr_at = family == AF_INET ? 16 : 24;

	if (base == NFT_PAYLOAD_TRANSPORT_HEADER)
		return offset == 2 && len == 2 ? HOLDS_PORT : HOLDS_OTHER;
	if (base != NFT_PAYLOAD_NETWORK_HEADER)
		return HOLDS_OTHER;
	if (offset == protocol_at && len == 1)
		return HOLDS_PROTOCOL;
	/* less than all of it: a subnet */
	return offset == addr_at && len <= (family == AF_INET ? 4 : 16) ? HOLDS_ADDR : HOLDS_OTHER;
}

static void run_payload(struct machine *m, const struct table *t)
{
	struct slot *s = slot_of(m, &t->a[NFTA_PAYLOAD_DREG]);

	if (s)
		s->holds = payload_holds(m->rule->family, t);
}

/* The rule goes on if what @s holds is @value, or begins there. */
static void must_be(struct nft_rule *r, const struct slot *s, const struct nl_attrs *data)
{
	const struct table t = read_table(*data);
	const struct nl_attrs *value = &t.a[NFTA_DATA_VALUE];

	if (s->holds == HOLDS_PROTOCOL && value->len_bytes == 1) {
		r->protocol = value->p[0];
	} else if (s->holds == HOLDS_PORT && value->len_bytes == 2) {
		r->port = (uint16_t) (value->p[0] << 8 | value->p[1]);
		r->has_port = true;
	} else if (s->holds == HOLDS_ADDR && value->len_bytes >= 1 &&
		   value->len_bytes <= (r->family == AF_INET ? 4U : 16U)) {
		memset(r->addr, 0, sizeof(r->addr));
		memcpy(r->addr, value->p, value->len_bytes);
		r->has_addr = true;
	}
}

static void run_cmp(struct machine *m, const struct table *t)
{
	const struct slot *s = slot_of(m, &t->a[NFTA_CMP_SREG]);
	uint32_t op = nl_attr_be32(&t->a[NFTA_CMP_OP]);

	if (s && (op == NFT_CMP_EQ || op == NFT_CMP_GTE))
		must_be(m->rule, s, &t->a[NFTA_CMP_DATA]);
}

static void run_range(struct machine *m, const struct table *t)
{
	const struct slot *s = slot_of(m, &t->a[NFTA_RANGE_SREG]);

	if (s && nl_attr_be32(&t->a[NFTA_RANGE_OP]) == NFT_RANGE_EQ)
		must_be(m->rule, s, &t->a[NFTA_RANGE_FROM_DATA]);
}

static void run_verdict(struct machine *m, const struct nl_attrs *verdict)
{
	const struct table t = read_table(*verdict);
	int32_t code = (int32_t) nl_attr_be32(&t.a[NFTA_VERDICT_CODE]);
	const struct nl_attrs *chain = &t.a[NFTA_VERDICT_CHAIN];

	if ((code == NFT_JUMP || code == NFT_GOTO) && chain->len_bytes <= NFT_CHAIN_MAX)
		nl_attr_text(chain, m->rule->jump, sizeof(m->rule->jump));
}

static void run_immediate(struct machine *m, const struct table *t)
{
	const struct table data = read_table(t->a[NFTA_IMMEDIATE_DATA]);
	const struct nl_attrs *value = &data.a[NFTA_DATA_VALUE];
	struct slot *s = slot_of(m, &t->a[NFTA_IMMEDIATE_DREG]);

	run_verdict(m, &data.a[NFTA_DATA_VERDICT]);
	if (!s || value->len_bytes == 0 || value->len_bytes > sizeof(s->value))
		return;
	s->holds = HOLDS_VALUE;
	s->len_bytes = value->len_bytes;
	memcpy(s->value, value->p, value->len_bytes);
}

static void run_nat(struct machine *m, const struct table *t)
{
	const struct slot *addr = slot_of(m, &t->a[NFTA_NAT_REG_ADDR_MIN]);
	const struct slot *port = slot_of(m, &t->a[NFTA_NAT_REG_PROTO_MIN]);
	struct nft_rule *r = m->rule;

	if (nl_attr_be32(&t->a[NFTA_NAT_TYPE]) != NFT_NAT_DNAT || !addr || !port ||
		addr->holds != HOLDS_VALUE || port->holds != HOLDS_VALUE ||
		addr->len_bytes != (r->family == AF_INET ? 4 : 16) || port->len_bytes != 2)
		return;
	memcpy(r->to, addr->value, addr->len_bytes);
	r->to_port = (uint16_t) (port->value[0] << 8 | port->value[1]);
	r->has_dnat = true;
}

static void run_match(struct machine *m, const struct table *t)
{
	char name[NFT_CHAIN_MAX];

	nl_attr_text(&t->a[NFTA_MATCH_NAME], name, sizeof(name));
	nft_xt_match(m->rule, name, &t->a[NFTA_MATCH_INFO]);
}

static void run_target(struct machine *m, const struct table *t)
{
	char name[NFT_CHAIN_MAX];

	nl_attr_text(&t->a[NFTA_TARGET_NAME], name, sizeof(name));
	nft_xt_target(m->rule, name, nl_attr_be32(&t->a[NFTA_TARGET_REV]), &t->a[NFTA_TARGET_INFO]);
}

static void run_expression(struct machine *m, struct nl_attrs expression)
{
	static const struct {
		const char *name;
		void (*run)(struct machine *m, const struct table *t);
	} known[] = {{"meta", run_meta}, {"payload", run_payload}, {"cmp", run_cmp},
		{"range", run_range}, {"immediate", run_immediate}, {"nat", run_nat},
		{"match", run_match}, {"target", run_target}};
	const struct table e = read_table(expression), t = read_table(e.a[NFTA_EXPR_DATA]);
	char name[NFT_CHAIN_MAX];

	nl_attr_text(&e.a[NFTA_EXPR_NAME], name, sizeof(name));
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(known[i].name, name) == 0)
			known[i].run(m, &t);
	}
}

int nft_rule_parse(const struct nlmsghdr *h, struct nft_rule *ret)
{
	const struct nfgenmsg *g = NLMSG_DATA(h);
	struct nl_attrs expressions, e;
	struct nft_rule r;
	struct machine m;
	struct table t;

	if (h->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE) ||
		h->nlmsg_len < NLMSG_LENGTH(sizeof(*g)) ||
		(g->nfgen_family != NFPROTO_IPV4 && g->nfgen_family != NFPROTO_IPV6))
		return 0;
	memset(&r, 0, sizeof(r));
	memset(&m, 0, sizeof(m));
	m.rule = &r;
	r.family = g->nfgen_family == NFPROTO_IPV4 ? AF_INET : AF_INET6;
	t = read_table(nl_attrs_of(h, sizeof(*g)));
	if (t.a[NFTA_RULE_CHAIN].len_bytes <= NFT_CHAIN_MAX)
		nl_attr_text(&t.a[NFTA_RULE_CHAIN], r.chain, sizeof(r.chain));
	expressions = t.a[NFTA_RULE_EXPRESSIONS];
	while (nl_attr_next(&expressions, &e) >= 0)
		run_expression(&m, e);
	*ret = r;
	return 1;
}
