/* SPDX-License-Identifier: MIT */
#include "discover/host/netns_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "discover/grow.h"

void netns_set_done(struct netns_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].place);
		free(s->v[i].links);
		free(s->v[i].addrs);
	}
	free(s->v);
	inode_map_done(&s->index);
	*s = (struct netns_set){0};
}

static char *clean_copy(const char *text)
{
	size_t cap = strlen(text) + 1;
	char *s;

	if (cap > CATALOG_NAME_MAX)
		cap = CATALOG_NAME_MAX;
	s = malloc(cap);
	if (s)
		utf8_sanitize(text, s, cap);
	return s;
}

int netns_set_add(struct netns_set *s, const struct ns_ref *ref, const char *place)
{
	struct netns *v;
	char *copy = NULL;
	int rc;

	if (netns_set_has(s, ref->inode))
		return 0;
	if (s->n >= CATALOG_NETNS_MAX)
		return -ENOSPC;
	v = grow(s->v, s->n, &s->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	s->v = v;
	if (place) {
		copy = clean_copy(place);
		if (!copy)
			return -ENOMEM;
	}
	rc = inode_map_add(&s->index, ref->inode, (uint32_t) s->n);
	if (rc < 0) {
		free(copy);
		return rc;
	}
	s->v[s->n++] = (struct netns){.ref = *ref, .place = copy};
	return 0;
}

bool netns_set_has(const struct netns_set *s, uint64_t inode)
{
	return inode_map_get(&s->index, inode) != NULL;
}

int netns_set_add_processes(struct netns_set *s, const struct proc_table *procs)
{
	int rc = 0;

	for (size_t i = 0; i < procs->n && rc == 0; i++) {
		const struct process *p = procs->by_age[i];
		const struct ns_ref ref = {.inode = p->netns,
			.kind = NS_REF_PROC,
			.pid = (uint32_t) p->pid,
			.starttime_ticks = p->starttime_ticks};

		if (proc_is_netns_leader(procs, p))
			rc = netns_set_add(s, &ref, NULL);
	}
	return rc;
}

static int cmp_inode(const void *a, const void *b)
{
	const struct netns *x = a, *y = b;

	return (x->ref.inode > y->ref.inode) - (x->ref.inode < y->ref.inode);
}

void netns_set_sort(struct netns_set *s)
{
	if (s->n > 0)
		qsort(s->v, s->n, sizeof(*s->v), cmp_inode);
}

void netns_set_drop_guesses(struct netns_set *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (!s->v[i].is_guess) {
			s->v[n++] = s->v[i];
			continue;
		}
		free(s->v[i].place);
		free(s->v[i].links);
		free(s->v[i].addrs);
	}
	s->n = n;
}
