/* SPDX-License-Identifier: MIT */
#include "support/nft_build.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void put(struct nft_build *b, const void *p, size_t len)
{
	size_t padded = NLA_ALIGN(len);

	if (b->len_bytes + padded > sizeof(b->p))
		abort();
	memset(b->p + b->len_bytes, 0, padded);
	if (len > 0)
		memcpy(b->p + b->len_bytes, p, len);
	b->len_bytes += padded;
}

static void attr(struct nft_build *b, uint16_t type, const void *p, size_t len)
{
	struct nlattr a = {.nla_len = (uint16_t) (sizeof(a) + len), .nla_type = type};

	put(b, &a, sizeof(a));
	put(b, p, len);
}

static void attr_be32(struct nft_build *b, uint16_t type, uint32_t v)
{
	uint32_t be = htonl(v);

	attr(b, type, &be, sizeof(be));
}

static void attr_text(struct nft_build *b, uint16_t type, const char *s)
{
	attr(b, type, s, strlen(s) + 1);
}

static size_t open_nest(struct nft_build *b, uint16_t type)
{
	size_t at = b->len_bytes;

	attr(b, type | NLA_F_NESTED, NULL, 0);
	return at;
}

static void close_nest(struct nft_build *b, size_t at)
{
	uint16_t len = (uint16_t) (b->len_bytes - at);

	memcpy(b->p + at, &len, sizeof(len));
}

void nft_rule_begin(struct nft_build *b, int family, const char *chain)
{
	struct nlmsghdr h = {.nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE,
		.nlmsg_flags = NLM_F_MULTI};
	struct nfgenmsg g = {.nfgen_family = family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6};

	b->rule = b->len_bytes;
	put(b, &h, sizeof(h));
	put(b, &g, sizeof(g));
	attr_text(b, NFTA_RULE_TABLE, "nat");
	attr_text(b, NFTA_RULE_CHAIN, chain);
	b->list = open_nest(b, NFTA_RULE_EXPRESSIONS);
}

void nft_rule_end(struct nft_build *b)
{
	uint32_t len = (uint32_t) (b->len_bytes - b->rule);

	close_nest(b, b->list);
	memcpy(b->p + b->rule, &len, sizeof(len));
}

/* Where an expression and its attributes begin. */
struct expression {
	size_t element, data;
};

static struct expression begin(struct nft_build *b, const char *name)
{
	struct expression e = {.element = open_nest(b, NFTA_LIST_ELEM)};

	attr_text(b, NFTA_EXPR_NAME, name);
	e.data = open_nest(b, NFTA_EXPR_DATA);
	return e;
}

static void end(struct nft_build *b, const struct expression *e)
{
	close_nest(b, e->data);
	close_nest(b, e->element);
}

static void put_data(struct nft_build *b, uint16_t type, const void *data, size_t len)
{
	size_t nest = open_nest(b, type);

	attr(b, NFTA_DATA_VALUE, data, len);
	close_nest(b, nest);
}

void nft_meta_l4proto(struct nft_build *b, uint32_t reg)
{
	struct expression e = begin(b, "meta");

	attr_be32(b, NFTA_META_KEY, NFT_META_L4PROTO);
	attr_be32(b, NFTA_META_DREG, reg);
	end(b, &e);
}

void nft_payload(struct nft_build *b, uint32_t reg, uint32_t base, uint32_t offset, uint32_t len)
{
	struct expression e = begin(b, "payload");

	attr_be32(b, NFTA_PAYLOAD_DREG, reg);
	attr_be32(b, NFTA_PAYLOAD_BASE, base);
	attr_be32(b, NFTA_PAYLOAD_OFFSET, offset);
	attr_be32(b, NFTA_PAYLOAD_LEN, len);
	end(b, &e);
}

void nft_cmp(struct nft_build *b, uint32_t reg, uint32_t op, const void *data, size_t len)
{
	struct expression e = begin(b, "cmp");

	attr_be32(b, NFTA_CMP_SREG, reg);
	attr_be32(b, NFTA_CMP_OP, op);
	put_data(b, NFTA_CMP_DATA, data, len);
	end(b, &e);
}

void nft_range(struct nft_build *b, uint32_t reg, const void *from, const void *to, size_t len)
{
	struct expression e = begin(b, "range");

	attr_be32(b, NFTA_RANGE_SREG, reg);
	attr_be32(b, NFTA_RANGE_OP, NFT_RANGE_EQ);
	put_data(b, NFTA_RANGE_FROM_DATA, from, len);
	put_data(b, NFTA_RANGE_TO_DATA, to, len);
	end(b, &e);
}

void nft_immediate(struct nft_build *b, uint32_t reg, const void *data, size_t len)
{
	struct expression e = begin(b, "immediate");

	attr_be32(b, NFTA_IMMEDIATE_DREG, reg);
	put_data(b, NFTA_IMMEDIATE_DATA, data, len);
	end(b, &e);
}

void nft_jump(struct nft_build *b, const char *chain)
{
	struct expression e = begin(b, "immediate");
	size_t data, verdict;

	attr_be32(b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = open_nest(b, NFTA_IMMEDIATE_DATA);
	verdict = open_nest(b, NFTA_DATA_VERDICT);
	attr_be32(b, NFTA_VERDICT_CODE, (uint32_t) NFT_JUMP);
	attr_text(b, NFTA_VERDICT_CHAIN, chain);
	close_nest(b, verdict);
	close_nest(b, data);
	end(b, &e);
}

void nft_dnat(struct nft_build *b, uint32_t addr_reg, uint32_t port_reg)
{
	struct expression e = begin(b, "nat");

	attr_be32(b, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	attr_be32(b, NFTA_NAT_REG_ADDR_MIN, addr_reg);
	attr_be32(b, NFTA_NAT_REG_PROTO_MIN, port_reg);
	end(b, &e);
}

void nft_match(struct nft_build *b, const char *name, const void *info, size_t len)
{
	struct expression e = begin(b, "match");

	attr_text(b, NFTA_MATCH_NAME, name);
	attr_be32(b, NFTA_MATCH_REV, 0);
	attr(b, NFTA_MATCH_INFO, info, len);
	end(b, &e);
}

void nft_target(
	struct nft_build *b, const char *name, uint32_t revision, const void *info, size_t len)
{
	struct expression e = begin(b, "target");

	attr_text(b, NFTA_TARGET_NAME, name);
	attr_be32(b, NFTA_TARGET_REV, revision);
	attr(b, NFTA_TARGET_INFO, info, len);
	end(b, &e);
}
