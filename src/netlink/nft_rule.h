/* SPDX-License-Identifier: MIT */
/* Rules of an nftables "nat" table as the kernel dumps them (linux/netfilter/nf_tables.h), reduced
 * to what they say about destinations: which packets, by protocol, address and port, go where. Both
 * native expressions and those of iptables-nft (matches and targets of linux/netfilter/x_tables.h)
 * are understood. No I/O. */
#ifndef NETLINK_NFT_RULE_H
#define NETLINK_NFT_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/netlink.h>

#define NFT_CHAIN_MAX 32 /* longer names are of no interest: they read as "" */

struct nft_rule {
	uint8_t family; /* AF_INET or AF_INET6 */
	char chain[NFT_CHAIN_MAX];
	char jump[NFT_CHAIN_MAX]; /* the chain it jumps or goes to, "" if none */
	uint8_t protocol;         /* IPPROTO_* it is about, 0 = any */
	bool has_addr, has_port;  /* it is about this destination only */
	uint8_t addr[16]; /* network order; the first 4 for AF_INET; of a subnet the first */
	uint16_t port;    /* of a range the first */
	bool has_dnat;    /* it sends them to this address and port */
	uint8_t to[16];
	uint16_t to_port;
};

/* Take apart one message of the answer to NFT_MSG_GETRULE. What cannot be expressed in @ret (sets,
 * inverted matches, other conditions) is passed over: the rule is then about more packets than it
 * seems. Returns 1, 0 when @h is not a rule of IPv4 or IPv6, never an error. */
int nft_rule_parse(const struct nlmsghdr *h, struct nft_rule *ret);

#endif
