/* SPDX-License-Identifier: MIT */
/* Forwarded ports of a network namespace: what its nftables rules say, those of kube-proxy followed
 * through their chains, and what Docker's user-space proxies do. No I/O. */
#ifndef DETAIL_FORWARDS_H
#define DETAIL_FORWARDS_H

#include <stddef.h>
#include <stdint.h>

#define FORWARDS_MAX       16384   /* of one namespace */
#define FORWARDS_STEPS_MAX 1000000 /* rules looked at while following chains */

struct forward {
	uint8_t protocol; /* IPPROTO_TCP, _UDP or _SCTP */
	uint8_t family, to_family;
	uint8_t ip[16]; /* where packets were going; zeroes for any address */
	uint8_t to[16];
	uint16_t port, to_port;
};

/* Zero-initialise; free with forwards_done(). */
struct forward_list {
	struct forward *v; /* owned */
	size_t n, cap;
};

void forwards_done(struct forward_list *l);

/* Add what the rules in the @len_bytes bytes at @rules, aligned to 4, say: the kernel's answers to
 * NFT_MSG_GETRULE, message after message. What is malformed ends the list. Returns 0 or -ENOMEM. */
int forwards_add_rules(struct forward_list *l, const uint8_t *rules, size_t len_bytes);

/* Add @f unless its protocol, address and port are known already. Returns 0 or -ENOMEM. */
int forwards_add_proxy(struct forward_list *l, const struct forward *f);

/* Sort by family, protocol, address, port and destination, and leave out what is twice. */
void forwards_sort(struct forward_list *l);

#endif
