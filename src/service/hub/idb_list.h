/* SPDX-License-Identifier: MIT */
/* The Interface Description Blocks of a capture so far, kept so that every viewer gets all of them
 * before the first packet that needs them. */
#ifndef HUB_IDB_LIST_H
#define HUB_IDB_LIST_H

#include <stddef.h>
#include <stdint.h>

struct idb_list {
	uint8_t *bytes; /* owned: the blocks, one after the other */
	size_t len_bytes, cap_bytes;
	size_t *end_of; /* owned: where block i ends */
	uint32_t n, cap;
};

/* Append a copy of one block. Returns 0 or -ENOMEM. */
int idb_list_add(struct idb_list *l, const uint8_t *block, size_t len_bytes);

/* Append copies of all blocks of @from. Returns 0 or -ENOMEM. */
int idb_list_add_all(struct idb_list *l, const struct idb_list *from);

/* The blocks @from up to @to (not included): borrowed, *ret_len bytes. */
const uint8_t *idb_list_range(
	const struct idb_list *l, uint32_t from, uint32_t to, size_t *ret_len);

void idb_list_done(struct idb_list *l);

#endif
