/* SPDX-License-Identifier: MIT */
/* Numbers by namespace inode: a hash table that only grows. */
#ifndef DISCOVER_INODE_MAP_H
#define DISCOVER_INODE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct inode_map {
	struct inode_slot {
		uint64_t inode; /* 0 = free */
		uint32_t value;
	} * slots; /* owned; zero-initialise the struct for an empty map */
	size_t n, cap;
};

void inode_map_done(struct inode_map *m);

/* Note @value for @inode (not 0) unless the inode has one already. Returns 1 when it was noted, 0
 * when there was one, or -ENOMEM. */
int inode_map_add(struct inode_map *m, uint64_t inode, uint32_t value);

/* The value of @inode, NULL if it has none. Valid until the next addition. */
const uint32_t *inode_map_get(const struct inode_map *m, uint64_t inode);

#endif
