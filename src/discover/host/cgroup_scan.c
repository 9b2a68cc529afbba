/* SPDX-License-Identifier: MIT */
#include "discover/host/cgroup_scan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/grow.h"

#define CGROUP_MAX_BYTES 16384 /* a dozen hierarchies, a path each */

static struct cgroup_told read_one(int procfd, const struct process *p)
{
	struct cgroup_told t = {.pid = p->pid, .starttime_ticks = p->starttime_ticks};
	char path[32], text[CGROUP_MAX_BYTES];

	(void) snprintf(path, sizeof(path), "%" PRId32 "/cgroup", p->pid);
	t.is_container = io_read_file(procfd, path, text, sizeof(text)) >= 0 &&
			 cgroup_name_parse(text, &t.name);
	return t;
}

/* What @p told before, NULL if it has to be asked. @at is where to look from, for processes by
 * growing pid. */
static const struct cgroup_told *recall(
	const struct cgroup_list *old, const struct process *p, size_t *at)
{
	while (old && *at < old->n_told && old->told[*at].pid < p->pid)
		(*at)++;
	if (!old || *at == old->n_told || p->is_fresh || old->told[*at].pid != p->pid ||
		old->told[*at].starttime_ticks != p->starttime_ticks)
		return NULL;
	return &old->told[*at];
}

static int add_process(struct cgroup_list *l, const struct cgroup_told *t, const struct process *p)
{
	struct cgroup_told *told = grow(l->told, l->n_told, &l->cap_told, sizeof(*told));
	struct cgroup_container *v;

	if (!told)
		return -ENOMEM;
	l->told = told;
	told[l->n_told++] = *t;
	if (!t->is_container)
		return 0;
	v = grow(l->v, l->n, &l->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	v[l->n++] = (struct cgroup_container){.name = t->name, .proc = p};
	return 0;
}

static int cmp_container(const void *a, const void *b)
{
	const struct cgroup_container *x = a, *y = b;
	int rc = strcmp(x->name.id, y->name.id);

	if (rc == 0)
		rc = strcmp(x->name.type, y->name.type);
	if (rc == 0 && x->proc->starttime_ticks != y->proc->starttime_ticks)
		rc = x->proc->starttime_ticks < y->proc->starttime_ticks ? -1 : 1;
	if (rc == 0)
		rc = (x->proc->pid > y->proc->pid) - (x->proc->pid < y->proc->pid);
	return rc;
}

static bool same(const struct cgroup_name *a, const struct cgroup_name *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->type, b->type) == 0;
}

/* Keep the oldest process of each. */
static void sort_and_unique(struct cgroup_list *l)
{
	size_t n = 0;

	if (l->n == 0)
		return;
	qsort(l->v, l->n, sizeof(*l->v), cmp_container);
	for (size_t i = 1; i < l->n; i++) {
		if (!same(&l->v[i].name, &l->v[n].name))
			l->v[++n] = l->v[i];
	}
	l->n = n + 1;
}

int cgroup_scan(int procfd, const struct proc_table *procs, const struct cgroup_list *old,
	struct cgroup_list *ret)
{
	struct cgroup_list l = {0};
	size_t at = 0;

	for (size_t i = 0; i < procs->n; i++) {
		const struct process *p = &procs->v[i];
		const struct cgroup_told *before;
		struct cgroup_told now;

		if (!proc_may_be_container(procs, p))
			continue;
		before = recall(old, p, &at);
		now = before ? *before : read_one(procfd, p);
		if (add_process(&l, &now, p) < 0) {
			cgroup_list_done(&l);
			return -ENOMEM;
		}
	}
	sort_and_unique(&l);
	*ret = l;
	return 0;
}

void cgroup_list_done(struct cgroup_list *l)
{
	free(l->v);
	free(l->told);
	*l = (struct cgroup_list){0};
}

const struct cgroup_container *cgroup_list_find(const struct cgroup_list *l, const char *id)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(l->v[mid].name.id, id) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < l->n && strcmp(l->v[lo].name.id, id) == 0 ? &l->v[lo] : NULL;
}
