/* SPDX-License-Identifier: MIT */
/* The matches and targets of iptables-nft inside nftables rules: binary structures of
 * linux/netfilter/x_tables.h, in the byte order of the machine. No I/O. */
#ifndef NETLINK_NFT_XT_H
#define NETLINK_NFT_XT_H

#include <stdint.h>

#include "netlink/dump.h"
#include "netlink/nft_rule.h"

/* Note in @r what match @name (tcp, udp, sctp) with structure @info says: protocol, and destination
 * port unless it is any or inverted. Others, and structures that are too short, are passed over. */
void nft_xt_match(struct nft_rule *r, const char *name, const struct nl_attrs *info);

/* Note in @r where target DNAT, in its @revision, sends packets, if it names address and port. */
void nft_xt_target(
	struct nft_rule *r, const char *name, uint32_t revision, const struct nl_attrs *info);

#endif
