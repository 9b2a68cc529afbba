/* SPDX-License-Identifier: MIT */
#include "discover/host/netns_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/utf8.h"
#include "base/grow.h"

struct catalog_link netns_link_of(const struct link *link, const struct nl_attrs *attrs)
{
	struct catalog_link l = {
		.ifindex = link->ifindex, .arphrd = link->arphrd, .operstate = link->operstate};

	memcpy(l.name, link->name, sizeof(l.name));
	link_list_altnames(attrs, l.altnames, sizeof(l.altnames));
	return l;
}

struct netns_addr netns_addr_of(const struct addr *addr)
{
	struct netns_addr a = {.ifindex = addr->ifindex, .family = addr->family == AF_INET ? 4 : 6};

	memcpy(a.bytes, addr->bytes, addr->family == AF_INET ? 4 : 16);
	return a;
}

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

/* Note the name of @ns if @place is a mount that "ip netns" made. */
static void note_name(struct netns *ns, const char *place)
{
	const char *at = place ? strstr(place, NETNS_PLACE_MOUNT NETNS_FOLDER) : NULL;
	size_t len;

	if (!at || ns->name[0])
		return;
	at += strlen(NETNS_PLACE_MOUNT NETNS_FOLDER);
	len = strlen(at);
	if (len < sizeof(ns->name) && !strchr(at, '/') && utf8_valid(at, len))
		utf8_sanitize(at, ns->name, sizeof(ns->name));
}

int netns_set_add(struct netns_set *s, const struct ns_ref *ref, const char *place)
{
	const uint32_t *there = inode_map_get(&s->index, ref->inode);
	struct netns *v;
	char *copy = NULL;
	int rc;

	if (there) {
		note_name(&s->v[*there], place);
		return 0;
	}
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
	s->v[s->n] = (struct netns){.ref = *ref, .place = copy, .nsid = -1};
	note_name(&s->v[s->n++], place);
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

static int add_all(struct netns_set *s, const struct held *v, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		size_t before = s->n;

		rc = netns_set_add(s, &v[i].ref, v[i].place);
		if (rc == 0 && s->n > before)
			s->v[before].is_guess = v[i].is_guess;
	}
	return rc;
}

int netns_set_add_held(struct netns_set *s, const struct held_list *held)
{
	int rc = add_all(s, held->mounts, held->n_mounts);

	return rc == 0 ? add_all(s, held->fds, held->n_fds) : rc;
}

uint64_t netns_id_key(int32_t nsid)
{
	return (uint64_t) ((int64_t) nsid + 1);
}

static int recall_one(struct netns *ns, const struct netns *old)
{
	struct catalog_link *links = calloc(old->n_links + 1, sizeof(*links));
	struct netns_addr *addrs = calloc(old->n_addrs + 1, sizeof(*addrs));

	if (!links || !addrs) {
		free(links);
		free(addrs);
		return -ENOMEM;
	}
	if (old->n_links > 0)
		memcpy(links, old->links, old->n_links * sizeof(*links));
	if (old->n_addrs > 0)
		memcpy(addrs, old->addrs, old->n_addrs * sizeof(*addrs));
	ns->links = links;
	ns->n_links = old->n_links;
	ns->addrs = addrs;
	ns->n_addrs = old->n_addrs;
	ns->nsid = old->nsid;
	ns->has_links = true;
	ns->is_guess = false;
	return 0;
}

int netns_set_recall_links(struct netns_set *s, const struct netns_set *old,
	const struct proc_table *procs, const struct id_set *changed)
{
	size_t at = 0;
	int rc = 0;

	for (size_t i = 0; i < s->n && rc == 0; i++) {
		struct netns *ns = &s->v[i];
		const struct process *p = proc_table_find(procs, (int32_t) ns->ref.pid);

		while (at < old->n && old->v[at].ref.inode < ns->ref.inode)
			at++;
		if (at < old->n && old->v[at].has_links && p && !p->is_fresh &&
			ns_ref_is_same(&ns->ref, &old->v[at].ref) &&
			!id_set_has(changed, netns_id_key(old->v[at].nsid)))
			rc = recall_one(ns, &old->v[at]);
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

struct netns *netns_set_find(const struct netns_set *s, uint64_t inode)
{
	const struct netns key = {.ref.inode = inode};

	return s->n ? bsearch(&key, s->v, s->n, sizeof(*s->v), cmp_inode) : NULL;
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
