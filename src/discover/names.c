/* SPDX-License-Identifier: MIT */
#include "discover/names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/grow.h"

/* The names of one namespace; borrowed or in @own. */
struct owner {
	bool is_host;
	const char *name;
	const char *service, *project; /* NULL = none */
	uint32_t engine_pid;
	uint64_t engine_netns;
	char own[PROC_NAME_MAX];
};

struct draft {
	struct catalog_name n;
	size_t order; /* what was added first is the better one */
};

struct list {
	struct draft *v;
	size_t n, cap;
};

static const struct container *oldest_container(const struct container_list *l, uint64_t inode)
{
	const struct container *best = NULL;

	for (size_t i = 0; i < l->n; i++) {
		const struct container *c = &l->v[i];

		if (c->proc->netns != inode)
			continue;
		if (!best || c->proc->starttime_ticks < best->proc->starttime_ticks ||
			(c->proc->starttime_ticks == best->proc->starttime_ticks &&
				c->proc->pid < best->proc->pid))
			best = c;
	}
	return best;
}

static void take_container(
	const struct container *c, const struct proc_table *procs, struct owner *ret)
{
	const struct process *engine = proc_table_find(procs, c->engine_pid);

	ret->name = c->pod ? c->pod : c->name;
	ret->service = labels_get(&c->labels, "com.docker.compose.service");
	ret->project = labels_get(&c->labels, "com.docker.compose.project");
	ret->engine_pid = (uint32_t) c->engine_pid;
	ret->engine_netns = engine ? engine->netns : 0;
}

static void take_process(const struct process *p, struct owner *ret)
{
	proc_name(p, ret->own);
	ret->name = ret->own;
}

static void find_owner(const struct netns *ns, const struct proc_table *procs,
	const struct container_list *containers, uint64_t host, struct owner *ret)
{
	const struct container *c;

	*ret = (struct owner){.is_host = ns->ref.inode == host};
	if (ret->is_host)
		return;
	c = oldest_container(containers, ns->ref.inode);
	if (c) {
		take_container(c, procs, ret);
	} else if (ns->place) {
		const char *slash = strrchr(ns->place, '/');

		ret->name = slash ? slash + 1 : ns->place;
	} else {
		const struct process *p = proc_table_find(procs, (int32_t) ns->ref.pid);

		if (p)
			take_process(p, ret);
	}
}

static bool is_loopback(const struct netns_addr *a)
{
	static const uint8_t one[16] = {[15] = 1};

	return a->family == 4 ? a->bytes[0] == 127 : memcmp(a->bytes, one, sizeof(one)) == 0;
}

static const char *link_name(const struct catalog_netns *ns, uint32_t ifindex)
{
	for (uint32_t i = 0; ns && i < ns->n_links; i++) {
		if (ns->links[i].ifindex == ifindex)
			return ns->links[i].name;
	}
	return NULL;
}

/* Add "@a", or "@a.@b", of which both are clean. */
static int add(struct list *l, const struct netns_addr *addr, const struct catalog_name *of,
	const char *a, const char *b)
{
	struct catalog_name *n;
	char text[2 * CATALOG_HOST_MAX];
	struct draft *v;

	if (l->n >= CATALOG_NAMES_MAX)
		return 0;
	v = grow(l->v, l->n, &l->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	v[l->n].order = l->n;
	n = &v[l->n].n;
	*n = *of;
	n->family = addr->family;
	memcpy(n->bytes, addr->bytes, sizeof(n->bytes));
	(void) snprintf(text, sizeof(text), "%.*s%s%.*s", CATALOG_HOST_MAX - 1, a, b ? "." : "",
		CATALOG_HOST_MAX - 1, b ? b : "");
	utf8_sanitize(text, n->name, sizeof(n->name));
	l->n += n->name[0] != '\0';
	return 0;
}

static int add_host(
	struct list *l, const struct netns *ns, const struct catalog *cat, const char *hostname)
{
	const struct catalog_netns *links = catalog_find_netns(cat, ns->ref.inode);
	const struct catalog_name of = {.netns_inode = ns->ref.inode};
	int rc = 0;

	for (uint32_t i = 0; i < ns->n_addrs && rc == 0; i++) {
		const struct netns_addr *a = &ns->addrs[i];
		const char *link = link_name(links, a->ifindex);

		if (link && !is_loopback(a))
			rc = add(l, a, &of, link, hostname[0] ? hostname : NULL);
	}
	return rc;
}

static int add_owned(struct list *l, const struct netns *ns, const struct owner *o)
{
	const struct catalog_name of = {.netns_inode = ns->ref.inode,
		.engine_pid = o->engine_pid,
		.engine_netns_inode = o->engine_netns};
	int rc = 0;

	for (uint32_t i = 0; i < ns->n_addrs && rc == 0; i++) {
		const struct netns_addr *a = &ns->addrs[i];

		if (is_loopback(a) || !o->name)
			continue;
		rc = add(l, a, &of, o->name, NULL);
		if (rc == 0 && o->service && o->project)
			rc = add(l, a, &of, o->service, o->project);
	}
	return rc;
}

static int cmp(const void *a, const void *b)
{
	const struct draft *x = a, *y = b;
	int rc = catalog_name_cmp(&x->n, &y->n);

	return rc ? rc : (x->order > y->order) - (x->order < y->order);
}

static int fill(struct list *l, struct catalog *ret)
{
	ret->names = calloc(l->n + 1, sizeof(*ret->names));
	if (!ret->names)
		return -ENOMEM;
	if (l->n > 0)
		qsort(l->v, l->n, sizeof(*l->v), cmp);
	for (size_t i = 0; i < l->n; i++)
		ret->names[i] = l->v[i].n;
	ret->n_names = (uint32_t) l->n;
	return 0;
}

int names_make(const struct netns_set *set, const struct proc_table *procs,
	const struct container_list *containers, const struct names_host *self, struct catalog *ret)
{
	const struct process *first = proc_table_find(procs, 1);
	uint64_t host = first && first->netns ? first->netns : self->inode;
	struct list l = {0};
	int rc = 0;

	for (size_t i = 0; i < set->n && rc == 0; i++) {
		const struct netns *ns = &set->v[i];
		struct owner o;

		find_owner(ns, procs, containers, host, &o);
		rc = o.is_host ? add_host(&l, ns, ret, self->name) : add_owned(&l, ns, &o);
	}
	if (rc == 0)
		rc = fill(&l, ret);
	free(l.v);
	return rc;
}
