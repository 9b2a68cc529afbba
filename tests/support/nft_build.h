/* SPDX-License-Identifier: MIT */
/* Making nftables rule messages as the kernel does, for tests. */
#ifndef SUPPORT_NFT_BUILD_H
#define SUPPORT_NFT_BUILD_H

#include <stddef.h>
#include <stdint.h>

/* Zero-initialise. What does not fit ends the test program. */
struct nft_build {
	uint8_t p[65536] __attribute__((aligned(4)));
	size_t len_bytes;
	size_t rule, list; /* where the open rule and its list of expressions begin */
};

/* Begin a rule of @family (AF_INET, AF_INET6) in @chain, and end it. */
void nft_rule_begin(struct nft_build *b, int family, const char *chain);
void nft_rule_end(struct nft_build *b);

/* Native expressions; registers are 1 to 4. */
void nft_meta_l4proto(struct nft_build *b, uint32_t reg);
void nft_payload(struct nft_build *b, uint32_t reg, uint32_t base, uint32_t offset, uint32_t len);
void nft_cmp(struct nft_build *b, uint32_t reg, uint32_t op, const void *data, size_t len);
void nft_range(struct nft_build *b, uint32_t reg, const void *from, const void *to, size_t len);
void nft_immediate(struct nft_build *b, uint32_t reg, const void *data, size_t len);
void nft_jump(struct nft_build *b, const char *chain);
void nft_dnat(struct nft_build *b, uint32_t addr_reg, uint32_t port_reg);

/* A match or target of iptables. */
void nft_match(struct nft_build *b, const char *name, const void *info, size_t len);
void nft_target(
	struct nft_build *b, const char *name, uint32_t revision, const void *info, size_t len);

#endif
