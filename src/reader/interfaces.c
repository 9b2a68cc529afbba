/* SPDX-License-Identifier: MIT */
#include "reader/interfaces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/linktype.h"

void interfaces_done(struct interfaces *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->all[i]);
	for (size_t i = 0; i < INTERFACES_FURTHER; i++)
		free(s->further[i]);
	free(s->all);
	free(s->by_index);
	memset(s, 0, sizeof(*s));
}

static struct interface **slot_of(struct interface **table, size_t size, uint32_t ifindex)
{
	size_t i = (ifindex * 2654435761U) & (size - 1);

	while (table[i] && table[i]->link.ifindex != ifindex)
		i = (i + 1) & (size - 1);
	return &table[i];
}

struct interface *interfaces_find(struct interfaces *s, uint32_t ifindex)
{
	if (s->last && s->last->link.ifindex == ifindex)
		return s->last;
	if (!s->table_size)
		return NULL;
	s->last = *slot_of(s->by_index, s->table_size, ifindex);
	return s->last;
}

/* Make room for one more. The table stays at most half full. */
static bool make_room(struct interfaces *s)
{
	size_t cap = s->cap ? s->cap * 2 : 16;
	struct interface **all, **table;

	if (s->n < s->cap)
		return true;
	all = reallocarray(s->all, cap, sizeof(*all));
	if (!all)
		return false;
	s->all = all;
	table = calloc(cap * 2, sizeof(struct interface *));
	if (!table)
		return false;
	for (size_t i = 0; i < s->n; i++)
		*slot_of(table, cap * 2, all[i]->link.ifindex) = all[i]; /* newest wins */
	free(s->by_index);
	s->by_index = table;
	s->table_size = cap * 2;
	s->cap = cap;
	return true;
}

/* Forget the links that were removed longest ago, and leave INTERFACES_GONE of them. */
static void forget_removed(struct interfaces *s)
{
	size_t n_gone = 0, kept = 0;

	for (size_t i = 0; i < s->n; i++)
		n_gone += s->all[i]->gone;
	if (n_gone <= INTERFACES_GONE)
		return;
	memset(s->by_index, 0, s->table_size * sizeof(struct interface *));
	for (size_t i = 0; i < s->n; i++) {
		struct interface *f = s->all[i];

		if (f->gone && n_gone > INTERFACES_GONE) {
			free(f);
			n_gone--;
			continue;
		}
		s->all[kept++] = f;
		*slot_of(s->by_index, s->table_size, f->link.ifindex) = f; /* newest wins */
	}
	s->n = kept;
	s->last = NULL;
}

static struct interface *add_new(struct interfaces *s, const struct link *link)
{
	struct interface *i;

	if (s->n >= INTERFACES_MAX)
		forget_removed(s);
	if (s->n >= INTERFACES_MAX || !make_room(s))
		return NULL;
	i = calloc(1, sizeof(*i));
	if (!i)
		return NULL;
	i->link = *link;
	i->linktype = linktype_of(link->arphrd);
	s->all[s->n++] = i;
	*slot_of(s->by_index, s->table_size, link->ifindex) = i;
	s->last = NULL;
	return i;
}

struct interface *interfaces_update(struct interfaces *s, const struct link *link)
{
	struct interface *i = interfaces_find(s, link->ifindex);

	/* another link type under the same index means that we missed the removal */
	if (i && i->linktype != linktype_of(link->arphrd))
		i->gone = true;
	if (!i || i->gone)
		i = add_new(s, link);
	if (!i)
		return NULL;
	i->link = *link;
	i->known = true;
	return i;
}

void interfaces_remove(struct interfaces *s, uint32_t ifindex)
{
	struct interface *i = interfaces_find(s, ifindex);

	if (i)
		i->gone = true;
}

struct interface *interfaces_add_unknown(struct interfaces *s, uint32_t ifindex, uint16_t arphrd)
{
	struct link link = {.ifindex = ifindex, .arphrd = arphrd};

	(void) snprintf(link.name, sizeof(link.name), "if%u", ifindex);
	return add_new(s, &link);
}

bool interfaces_have_id(const struct interfaces *s)
{
	return s->n_told < INTERFACE_IDS_MAX;
}

struct interface *interfaces_further(struct interfaces *s, uint16_t arphrd)
{
	uint16_t linktype = linktype_of(arphrd);
	struct interface **place = s->further;

	while (place < s->further + INTERFACES_FURTHER && *place && (*place)->linktype != linktype)
		place++;
	if (place == s->further + INTERFACES_FURTHER)
		return NULL;
	if (*place)
		return *place;
	*place = calloc(1, sizeof(**place));
	if (!*place)
		return NULL;
	(*place)->linktype = linktype;
	(*place)->link.arphrd = arphrd;
	(*place)->is_further = true;
	(void) snprintf((*place)->link.name, sizeof((*place)->link.name), "further");
	return *place;
}
