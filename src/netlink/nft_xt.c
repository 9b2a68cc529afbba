/* SPDX-License-Identifier: MIT */
#include "netlink/nft_xt.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static void note_ports(struct nft_rule *r, const uint16_t *range)
{
	if (range[0] == 0 && range[1] == UINT16_MAX)
		return;
	r->port = range[0];
	r->has_port = true;
}

static void match_tcp(struct nft_rule *r, const struct nl_attrs *info)
{
	struct xt_tcp m;

	if (info->len_bytes < sizeof(m))
		return;
	memcpy(&m, info->p, sizeof(m));
	r->protocol = IPPROTO_TCP;
	if (!(m.invflags & XT_TCP_INV_DSTPT))
		note_ports(r, m.dpts);
}

static void match_udp(struct nft_rule *r, const struct nl_attrs *info)
{
	struct xt_udp m;

	if (info->len_bytes < sizeof(m))
		return;
	memcpy(&m, info->p, sizeof(m));
	r->protocol = IPPROTO_UDP;
	if (!(m.invflags & XT_UDP_INV_DSTPT))
		note_ports(r, m.dpts);
}

static void match_sctp(struct nft_rule *r, const struct nl_attrs *info)
{
	struct xt_sctp_info m;

	if (info->len_bytes < sizeof(m))
		return;
	memcpy(&m, info->p, sizeof(m));
	r->protocol = IPPROTO_SCTP;
	if ((m.flags & XT_SCTP_DEST_PORTS) && !(m.invflags & XT_SCTP_DEST_PORTS))
		note_ports(r, m.dpts);
}

void nft_xt_match(struct nft_rule *r, const char *name, const struct nl_attrs *info)
{
	if (strcmp(name, "tcp") == 0)
		match_tcp(r, info);
	else if (strcmp(name, "udp") == 0)
		match_udp(r, info);
	else if (strcmp(name, "sctp") == 0)
		match_sctp(r, info);
}

#define NEEDED (NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED)

/* The first revision knows IPv4 only. */
static void dnat_ipv4(struct nft_rule *r, const struct nl_attrs *info)
{
	struct nf_nat_ipv4_multi_range_compat t;

	if (info->len_bytes < sizeof(t))
		return;
	memcpy(&t, info->p, sizeof(t));
	if (t.rangesize != 1 || (t.range[0].flags & NEEDED) != NEEDED)
		return;
	memcpy(r->to, &t.range[0].min_ip, 4);
	r->to_port = ntohs(t.range[0].min.all);
	r->has_dnat = true;
}

void nft_xt_target(
	struct nft_rule *r, const char *name, uint32_t revision, const struct nl_attrs *info)
{
	struct nf_nat_range t; /* later revisions begin with it */

	if (strcmp(name, "DNAT") != 0)
		return;
	if (revision == 0) {
		if (r->family == AF_INET)
			dnat_ipv4(r, info);
		return;
	}
	if (info->len_bytes < sizeof(t))
		return;
	memcpy(&t, info->p, sizeof(t));
	if ((t.flags & NEEDED) != NEEDED)
		return;
	memcpy(r->to, &t.min_addr, r->family == AF_INET ? 4 : 16);
	r->to_port = ntohs(t.min_proto.all);
	r->has_dnat = true;
}
