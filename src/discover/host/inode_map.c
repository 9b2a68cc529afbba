/* SPDX-License-Identifier: MIT */
#include "discover/host/inode_map.h"

#include <errno.h>
#include <stdlib.h>

void inode_map_done(struct inode_map *m)
{
	free(m->slots);
	*m = (struct inode_map){0};
}

/* The slot that holds @inode or would take it. @m has a free slot. */
static struct inode_slot *find(const struct inode_map *m, uint64_t inode)
{
	/* inodes are handed out in sequence: any odd factor spreads them well */
	size_t i = (size_t) (inode * 0x9e3779b97f4a7c15ULL >> 20) & (m->cap - 1);

	while (m->slots[i].inode != 0 && m->slots[i].inode != inode)
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

static int enlarge(struct inode_map *m)
{
	struct inode_map next = {.cap = m->cap ? m->cap * 2 : 64, .n = m->n};

	next.slots = calloc(next.cap, sizeof(*next.slots));
	if (!next.slots)
		return -ENOMEM;
	for (size_t i = 0; i < m->cap; i++) {
		if (m->slots[i].inode)
			*find(&next, m->slots[i].inode) = m->slots[i];
	}
	free(m->slots);
	*m = next;
	return 0;
}

int inode_map_add(struct inode_map *m, uint64_t inode, uint32_t value)
{
	struct inode_slot *s;

	if (m->n * 2 >= m->cap && enlarge(m) < 0)
		return -ENOMEM;
	s = find(m, inode);
	if (s->inode)
		return 0;
	s->inode = inode;
	s->value = value;
	m->n++;
	return 1;
}

const uint32_t *inode_map_get(const struct inode_map *m, uint64_t inode)
{
	const struct inode_slot *s = m->cap ? find(m, inode) : NULL;

	return s && s->inode ? &s->value : NULL;
}
