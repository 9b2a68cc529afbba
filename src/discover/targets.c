/* SPDX-License-Identifier: MIT */
#include "discover/targets.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/utf8.h"
#include "base/grow.h"

/* Targets come in three groups, in this order. */
enum group {
	GROUP_CONTAINER,
	GROUP_PROCESS,
	GROUP_PLACE
};

struct draft {
	struct catalog_target t;
	enum group group;
};

struct drafts {
	struct draft *v;
	size_t n, cap;
};

static void drafts_done(struct drafts *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->v[i].t.name);
		free(d->v[i].t.type);
		free(d->v[i].t.prefix);
	}
	free(d->v);
}

static int add(
	struct drafts *d, enum group group, const char *name, const char *type, const char *prefix)
{
	struct draft *v = grow(d->v, d->n, &d->cap, sizeof(*v));
	struct catalog_target *t;

	if (!v)
		return -ENOMEM;
	d->v = v;
	v[d->n] = (struct draft){.group = group, .t.owner = CATALOG_OWNER_NONE};
	t = &v[d->n++].t;
	t->name = strdup(name);
	t->type = strdup(type);
	t->prefix = strdup(prefix);
	return t->name && t->type && t->prefix ? 0 : -ENOMEM;
}

static void tie_last(struct drafts *d, const struct process *p)
{
	struct catalog_target *t = &d->v[d->n - 1].t;

	t->netns_inode = p->netns;
	t->pid = (uint32_t) p->pid;
	t->starttime_ticks = p->starttime_ticks;
}

/* Note who names @c, and its id, without containerd's namespace before it. Names and other words
 * that are no digits are left out. */
static void identify_last(struct drafts *d, const struct container *c)
{
	struct catalog_target *t = &d->v[d->n - 1].t;
	const char *slash = strrchr(c->id, '/'), *id = slash ? slash + 1 : c->id;
	size_t n = strlen(id);

	t->owner = c->owner;
	t->engine_pid = (uint32_t) c->engine_pid;
	t->engine_starttime_ticks = c->engine ? c->engine->starttime_ticks : 0;
	if (n < sizeof(t->id) && strspn(id, "0123456789abcdef") == n)
		memcpy(t->id, id, n + 1);
}

/* By pod, the oldest first. */
static int cmp_in_pod(const void *a, const void *b)
{
	const struct container *x = *(const struct container *const *) a;
	const struct container *y = *(const struct container *const *) b;
	int rc = strcmp(x->pod, y->pod);

	if (rc == 0)
		rc = (x->proc->starttime_ticks > y->proc->starttime_ticks) -
		     (x->proc->starttime_ticks < y->proc->starttime_ticks);
	return rc ? rc : (x->proc->pid > y->proc->pid) - (x->proc->pid < y->proc->pid);
}

/* A pod goes by the oldest of its containers, usually the sandbox. */
static int add_pods(struct drafts *d, const struct container_list *l)
{
	const struct container **v = calloc(l->n + 1, sizeof(struct container *));
	int rc = v ? 0 : -ENOMEM;
	size_t n = 0;

	for (size_t i = 0; i < l->n && v; i++) {
		if (l->v[i].pod && l->v[i].proc->netns != 0)
			v[n++] = &l->v[i];
	}
	if (n > 0)
		qsort(v, n, sizeof(struct container *), cmp_in_pod);
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (i > 0 && strcmp(v[i]->pod, v[i - 1]->pod) == 0)
			continue;
		rc = add(d, GROUP_CONTAINER, v[i]->pod, "pod", "");
		if (rc < 0)
			break;
		tie_last(d, v[i]->proc);
		identify_last(d, v[i]);
	}
	free(v);
	return rc;
}

static int add_containers(struct drafts *d, const struct container_list *l)
{
	int rc = add_pods(d, l);

	for (size_t i = 0; i < l->n && rc == 0; i++) {
		const struct container *c = &l->v[i];

		if (c->proc->netns == 0 || c->pod)
			continue;
		rc = add(d, GROUP_CONTAINER, c->name, c->type, c->prefix);
		if (rc < 0)
			break;
		tie_last(d, c->proc);
		identify_last(d, c);
	}
	return rc;
}

static int cmp_proc(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t) * (const struct process *const *) a;
	uintptr_t y = (uintptr_t) * (const struct process *const *) b;

	return (x > y) - (x < y);
}

static int add_process(struct drafts *d, const struct process *p)
{
	char name[PROC_NAME_MAX];
	int rc;

	proc_name(p, name);
	rc = add(d, GROUP_PROCESS, name, "proc", "");
	if (rc == 0)
		tie_last(d, p);
	return rc;
}

static int add_processes(
	struct drafts *d, const struct proc_table *procs, const struct container_list *l)
{
	const struct process **taken = calloc(l->n + 1, sizeof(struct process *));
	int rc = taken ? 0 : -ENOMEM;

	for (size_t i = 0; i < l->n && rc == 0; i++)
		taken[i] = l->v[i].proc;
	if (rc == 0)
		qsort(taken, l->n, sizeof(struct process *), cmp_proc);
	for (size_t i = 0; i < procs->n && rc == 0; i++) {
		const struct process *p = &procs->v[i];

		if (!proc_is_netns_leader(procs, p) || proc_is_kthreadd(p) ||
			bsearch(&p, taken, l->n, sizeof(struct process *), cmp_proc))
			continue;
		rc = add_process(d, p);
	}
	free(taken);
	return rc;
}

static int add_places(struct drafts *d, const struct netns_set *set)
{
	int rc = 0;

	for (size_t i = 0; i < set->n && rc == 0; i++) {
		const struct netns *ns = &set->v[i];

		if (!ns->place)
			continue;
		rc = add(d, GROUP_PLACE, ns->place, "bindmount", "");
		if (rc == 0)
			d->v[d->n - 1].t.netns_inode = ns->ref.inode;
	}
	return rc;
}

static int cmp_draft(const void *a, const void *b)
{
	const struct draft *x = a, *y = b;
	int rc = (int) x->group - (int) y->group;

	if (rc == 0)
		rc = strcmp(x->t.name, y->t.name);
	if (rc == 0)
		rc = strcmp(x->t.prefix, y->t.prefix);
	if (rc == 0)
		rc = strcmp(x->t.type, y->t.type);
	if (rc == 0)
		rc = (x->t.pid > y->t.pid) - (x->t.pid < y->t.pid);
	if (rc == 0)
		rc = (x->t.netns_inode > y->t.netns_inode) - (x->t.netns_inode < y->t.netns_inode);
	return rc;
}

/* Move what was drafted and the link lists into @c. */
static int fill_catalog(struct catalog *c, struct drafts *d, struct netns_set *set)
{
	size_t n = d->n > CATALOG_TARGETS_MAX ? CATALOG_TARGETS_MAX : d->n;

	c->netns = calloc(set->n + 1, sizeof(*c->netns));
	c->targets = calloc(n + 1, sizeof(*c->targets));
	if (!c->netns || !c->targets)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++) {
		struct netns *ns = &set->v[i];

		c->netns[i] = (struct catalog_netns){
			.ref = ns->ref, .n_links = ns->n_links, .links = ns->links};
		memcpy(c->netns[i].name, ns->name, sizeof(ns->name));
		ns->links = NULL;
		ns->n_links = 0;
	}
	c->n_netns = (uint32_t) set->n;
	for (size_t i = 0; i < n; i++) {
		c->targets[i] = d->v[i].t;
		d->v[i].t = (struct catalog_target){0};
	}
	c->n_targets = (uint32_t) n;
	return 0;
}

void targets_give_back(struct netns_set *set, struct catalog *c)
{
	for (size_t i = 0; i < set->n && i < c->n_netns; i++) {
		set->v[i].links = TAKE_PTR(c->netns[i].links);
		set->v[i].n_links = c->netns[i].n_links;
		c->netns[i].n_links = 0;
	}
}

int targets_make(struct netns_set *set, const struct proc_table *procs,
	const struct container_list *containers, struct catalog *ret)
{
	struct drafts d = {0};
	struct catalog c = {0};
	int rc = add_containers(&d, containers);

	if (rc == 0)
		rc = add_processes(&d, procs, containers);
	if (rc == 0)
		rc = add_places(&d, set);
	if (rc == 0) {
		if (d.n > 0)
			qsort(d.v, d.n, sizeof(*d.v), cmp_draft);
		rc = fill_catalog(&c, &d, set);
	}
	drafts_done(&d);
	if (rc < 0)
		catalog_done(&c);
	else
		*ret = c;
	return rc;
}
