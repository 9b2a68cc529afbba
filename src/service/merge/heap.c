/* SPDX-License-Identifier: MIT */
#include "service/merge/heap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int heap_reserve(struct heap *h, size_t n)
{
	struct heap_entry *v;

	if (n <= h->cap)
		return 0;
	v = reallocarray(h->v, n, sizeof(*v));
	if (!v)
		return -ENOMEM;
	h->v = v;
	h->cap = n;
	return 0;
}

/* Move the entry at @i towards the leaves until its children are not earlier. */
static void sink(struct heap *h, size_t i)
{
	struct heap_entry e = h->v[i];

	for (size_t child = 2 * i + 1; child < h->n; child = 2 * i + 1) {
		if (child + 1 < h->n && h->v[child + 1].ts_ns < h->v[child].ts_ns)
			child++;
		if (e.ts_ns <= h->v[child].ts_ns)
			break;
		h->v[i] = h->v[child];
		i = child;
	}
	h->v[i] = e;
}

void heap_push(struct heap *h, uint64_t ts_ns, void *item)
{
	size_t i = h->n++;

	assert(i < h->cap);
	for (; i > 0 && h->v[(i - 1) / 2].ts_ns > ts_ns; i = (i - 1) / 2)
		h->v[i] = h->v[(i - 1) / 2];
	h->v[i] = (struct heap_entry){ts_ns, item};
}

void heap_pop(struct heap *h)
{
	assert(h->n > 0);
	h->v[0] = h->v[--h->n];
	if (h->n > 0)
		sink(h, 0);
}

void heap_change_root(struct heap *h, uint64_t ts_ns)
{
	assert(h->n > 0);
	h->v[0].ts_ns = ts_ns;
	sink(h, 0);
}

uint64_t heap_second_ns(const struct heap *h)
{
	uint64_t ts_ns = UINT64_MAX;

	for (size_t i = 1; i < h->n && i <= 2; i++) {
		if (h->v[i].ts_ns < ts_ns)
			ts_ns = h->v[i].ts_ns;
	}
	return ts_ns;
}

void heap_done(struct heap *h)
{
	free(h->v);
	memset(h, 0, sizeof(*h));
}
