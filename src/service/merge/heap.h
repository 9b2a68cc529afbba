/* SPDX-License-Identifier: MIT */
/* A binary heap of things with a time: the one with the least time is at its root. The heap borrows
 * what is in it. */
#ifndef MERGE_HEAP_H
#define MERGE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap_entry {
	uint64_t ts_ns;
	void *item;
};

/* Zeroed at first. */
struct heap {
	struct heap_entry *v; /* owned */
	size_t n, cap;
};

/* Make room for @n entries in all. Returns 0 or -ENOMEM. */
int heap_reserve(struct heap *h, size_t n);

/* Add @item; heap_reserve() has made room. */
void heap_push(struct heap *h, uint64_t ts_ns, void *item);

/* Remove the root. The heap is not empty. */
void heap_pop(struct heap *h);

/* Give the root another time. The heap is not empty. */
void heap_change_root(struct heap *h, uint64_t ts_ns);

/* The least time of all entries but the root; UINT64_MAX when there is no other. */
uint64_t heap_second_ns(const struct heap *h);

void heap_done(struct heap *h);

#endif
