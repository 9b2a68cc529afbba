/* SPDX-License-Identifier: MIT */
/* Cutting a byte stream of any cuts into whole pcapng blocks (draft-ietf-opsawg-pcapng, section 3).
 * No I/O. Blocks that lie whole in what is fed are not copied. */
#ifndef CSHARG_BLOCKS_H
#define CSHARG_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

#define BLOCK_MAX (4 << 20) /* bytes of one block */

enum block_type {
	BLOCK_SHB = 0x0a0d0d0a,
	BLOCK_IDB = 1,
	BLOCK_PACKET = 2, /* obsolete */
	BLOCK_SPB = 3,
	BLOCK_NRB = 4,
	BLOCK_ISB = 5,
	BLOCK_EPB = 6
};

struct block {
	const uint8_t *p;
	size_t len_bytes; /* a multiple of 4, at least 12, as both of its length fields say */
	uint32_t type;
	bool big_endian;
	bool is_fed; /* lies in what was fed, else in memory that the next block overwrites */
};

/* Zero-initialise. */
struct blocks {
	uint8_t *kept; /* the beginning of a block, owned */
	size_t kept_bytes, cap_bytes;
	bool in_section, big_endian;
};

/* Called for each block, borrowed until it returns. Returns 0 to go on, else blocks_feed() ends. */
typedef int (*block_fn)(void *ctx, const struct block *b);

/* Feed @len_bytes bytes. Returns 0, what @fn returned, -ENOMEM, or -EBADMSG with @e filled for what
 * does not begin with a section header, or has lengths that cannot be. */
int blocks_feed(struct blocks *s, const uint8_t *p, size_t len_bytes, block_fn fn, void *ctx,
	struct err *e);

/* As blocks_feed(), for one block or what there is of it: moves *@p and *@n (not 0) behind it. */
int blocks_take(
	struct blocks *s, const uint8_t **p, size_t *n, block_fn fn, void *ctx, struct err *e);

void blocks_done(struct blocks *s);

static inline uint16_t get16(bool big_endian, const uint8_t *p)
{
	uint16_t v = get_le16(p);

	return big_endian ? __builtin_bswap16(v) : v;
}

static inline uint32_t get32(bool big_endian, const uint8_t *p)
{
	uint32_t v = get_le32(p);

	return big_endian ? __builtin_bswap32(v) : v;
}

static inline void put16(bool big_endian, uint8_t *p, uint16_t v)
{
	p[big_endian ? 1 : 0] = (uint8_t) v;
	p[big_endian ? 0 : 1] = (uint8_t) (v >> 8);
}

static inline void put32(bool big_endian, uint8_t *p, uint32_t v)
{
	put16(big_endian, p + (big_endian ? 2 : 0), (uint16_t) v);
	put16(big_endian, p + (big_endian ? 0 : 2), (uint16_t) (v >> 16));
}

#endif
