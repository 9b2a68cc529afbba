/* SPDX-License-Identifier: MIT */
/* The Interface Description Blocks of a capture so far, kept so that every viewer gets all of them
 * before the first packet that needs them. */
#ifndef HUB_IDB_LIST_H
#define HUB_IDB_LIST_H

#include <stddef.h>
#include <stdint.h>

#define IDB_LIST_BYTES_MAX (32 * 1048576) /* what a reader can make the service keep of them */
#define IDB_RANGE_BYTES    (256 * 1024)   /* most that is sent at once, or one block */

struct idb_list {
	uint8_t *bytes; /* owned: the blocks, one after the other */
	size_t len_bytes, cap_bytes;
	size_t *end_of; /* owned: where block i ends */
	uint32_t n, cap;
};

/* Append a copy of one block. Returns 0, -ENOMEM, or -E2BIG when there would be more than
 * STREAM_INTERFACES_MAX of them or than IDB_LIST_BYTES_MAX bytes. */
int idb_list_add(struct idb_list *l, const uint8_t *block, size_t len_bytes);

/* Append copies of all blocks of @from. Returns 0 or -ENOMEM. */
int idb_list_add_all(struct idb_list *l, const struct idb_list *from);

/* The blocks @from up to @to (not included): borrowed, *ret_len bytes. */
const uint8_t *idb_list_range(
	const struct idb_list *l, uint32_t from, uint32_t to, size_t *ret_len);

/* How many blocks from @from on, up to @to, fit IDB_RANGE_BYTES: at least one if there is one. */
uint32_t idb_list_fit(const struct idb_list *l, uint32_t from, uint32_t to);

void idb_list_done(struct idb_list *l);

#endif
