/* SPDX-License-Identifier: MIT */
#include "discover/host/link_changes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

void link_changes_done(struct link_changes *c)
{
	free(c->v);
	*c = (struct link_changes){0};
}

int link_changes_add(struct link_changes *c, const struct netns *ns, const struct link_event *ev)
{
	struct link_change *v;

	if (ev->kind == LINK_EVENT_UNCLEAR || c->n >= LINK_CHANGES_MAX)
		return -ENOSPC;
	v = grow(c->v, c->n, &c->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	c->v = v;
	v[c->n++] = (struct link_change){ns->ref, ns->nsid, *ev};
	return 0;
}

/* Where the link with @ifindex is in the list, or belongs. */
static uint32_t place_of(const struct netns *ns, uint32_t ifindex)
{
	uint32_t low = 0, high = ns->n_links;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (ns->links[middle].ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Returns 0 or a negative errno. */
static int put_link(struct netns *ns, const struct link_event *ev)
{
	uint32_t at = place_of(ns, ev->link.ifindex);
	bool is_known = at < ns->n_links && ns->links[at].ifindex == ev->link.ifindex;
	struct catalog_link *v = ns->links;

	if (ev->is_gone) {
		ns->n_links -= is_known;
		if (is_known)
			memmove(&v[at], &v[at + 1], (ns->n_links - at) * sizeof(*v));
		return 0;
	}
	if (!is_known) {
		if (ns->n_links >= CATALOG_LINKS_MAX)
			return -ENOSPC;
		v = realloc(v, (ns->n_links + 1) * sizeof(*v));
		if (!v)
			return -ENOMEM;
		ns->links = v;
		memmove(&v[at + 1], &v[at], (ns->n_links++ - at) * sizeof(*v));
	}
	v[at] = ev->link;
	return 0;
}

static bool is_same_addr(const struct netns_addr *a, const struct netns_addr *b)
{
	return a->ifindex == b->ifindex && a->family == b->family &&
	       memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* Returns 0 or a negative errno. */
static int put_addr(struct netns *ns, const struct link_event *ev)
{
	struct netns_addr *v = ns->addrs;
	uint32_t at = 0;

	while (at < ns->n_addrs && !is_same_addr(&v[at], &ev->addr))
		at++;
	if (ev->is_gone && at < ns->n_addrs) {
		ns->n_addrs--;
		memmove(&v[at], &v[at + 1], (ns->n_addrs - at) * sizeof(*v));
	}
	if (ev->is_gone || at < ns->n_addrs)
		return 0;
	if (ns->n_addrs >= NETNS_ADDRS_MAX)
		return -ENOSPC;
	v = realloc(v, (ns->n_addrs + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	ns->addrs = v;
	v[ns->n_addrs++] = ev->addr;
	return 0;
}

static void drop_lists(struct netns *ns)
{
	ns->has_links = false;
	ns->n_links = ns->n_addrs = 0;
}

/* Numbers and inodes of ended namespaces go to others: whoever has the one or the other now may be
 * what the change was about. */
static void drop_lists_of_heirs(struct netns_set *set, const struct link_change *change)
{
	for (size_t i = 0; i < set->n; i++) {
		struct netns *ns = &set->v[i];

		if (ns->nsid == change->nsid || ns->ref.inode == change->ref.inode)
			drop_lists(ns);
	}
}

void link_changes_apply(const struct link_changes *c, struct netns_set *set)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct link_change *change = &c->v[i];
		struct netns *ns = netns_set_find(set, change->ref.inode);
		int rc = 0;

		if (!ns || !ns_ref_is_same(&ns->ref, &change->ref))
			drop_lists_of_heirs(set, change);
		else if (ns->has_links && change->event.kind == LINK_EVENT_LINK)
			rc = put_link(ns, &change->event);
		else if (ns->has_links)
			rc = put_addr(ns, &change->event);
		if (rc < 0)
			drop_lists(ns);
	}
}
