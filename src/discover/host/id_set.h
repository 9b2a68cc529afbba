/* SPDX-License-Identifier: MIT */
/* A set of numbers (processes, inodes) that is filled in any order and read sorted. */
#ifndef DISCOVER_ID_SET_H
#define DISCOVER_ID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_SET_MAX 65536

struct id_set {
	uint64_t *v; /* owned; zero-initialise the struct for an empty set */
	size_t n, cap;
	bool is_sorted;
	bool cut; /* there were more than ID_SET_MAX, or no memory for them */
};

void id_set_done(struct id_set *s);

/* Empty it and keep its memory. */
void id_set_clear(struct id_set *s);
void id_set_add(struct id_set *s, uint64_t id);

/* Sort, each number once: needed before the members are read and before id_set_has(). */
void id_set_sort(struct id_set *s);
bool id_set_has(const struct id_set *s, uint64_t id);

/* Exchange the contents of two sets. */
void id_set_swap(struct id_set *a, struct id_set *b);

#endif
