/* SPDX-License-Identifier: MIT */
#include "discover/detail/put_pidns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define DEPTH_MAX 33 /* the kernel nests 32 deep */

/* The first process of a container in its PID namespace. */
struct leader {
	uint64_t pidns;
	int32_t pid;
};

struct leaders {
	struct leader *v; /* by namespace, then pid */
	size_t n;
};

static uint64_t pidns_of(
	const struct pidns_tree *tree, const struct proc_table *procs, const struct process *p)
{
	return p ? tree->of_process[p - procs->v] : 0;
}

static int cmp_leader(const void *a, const void *b)
{
	const struct leader *x = a, *y = b;

	if (x->pidns != y->pidns)
		return x->pidns < y->pidns ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

static int find_leaders(const struct pidns_tree *tree, const struct proc_table *procs,
	const struct container_list *containers, struct leaders *ret)
{
	ret->n = 0;
	ret->v = calloc(containers->n + 1, sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (size_t i = 0; i < containers->n; i++) {
		const struct process *p = containers->v[i].proc;
		uint64_t own = pidns_of(tree, procs, p);

		if (own && own != pidns_of(tree, procs, proc_table_parent(procs, p)))
			ret->v[ret->n++] = (struct leader){own, p->pid};
	}
	if (ret->n > 0)
		qsort(ret->v, ret->n, sizeof(*ret->v), cmp_leader);
	return 0;
}

static void put_leaders(struct text *t, const struct leaders *l, uint64_t pidns)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->v[mid].pidns < pidns)
			lo = mid + 1;
		else
			hi = mid;
	}
	text_put_key(t, "container-idrefs");
	text_put(t, "[");
	for (; lo < l->n && l->v[lo].pidns == pidns; lo++) {
		char id[32];

		(void) snprintf(id, sizeof(id), "cont-%" PRId32, l->v[lo].pid);
		text_next(t);
		text_put_json(t, id);
	}
	text_put(t, "]");
}

/* Put namespace @i and all below it. The depth is bounded by the kernel, and here once more. */
static void put_namespace(struct text *t, const struct pidns_tree *tree, const struct leaders *l,
	uint32_t i, int depth)
{
	const struct pidns *ns = &tree->v[i];
	char id[32];

	(void) snprintf(id, sizeof(id), "pidns-%" PRIu64, ns->inode);
	text_next(t);
	text_put(t, "{");
	text_put_string(t, "id", id);
	text_put_number(t, "pidnsid", ns->inode);
	text_put_key(t, "children");
	text_put(t, "[");
	for (uint32_t c = ns->first_child; c != PIDNS_NONE && depth < DEPTH_MAX;
		c = tree->v[c].next_sibling)
		put_namespace(t, tree, l, c, depth + 1);
	text_put(t, "]");
	put_leaders(t, l, ns->inode);
	text_put(t, "}");
}

int put_pid_namespaces(struct text *t, const struct pidns_tree *tree,
	const struct proc_table *procs, const struct container_list *containers)
{
	struct leaders leaders;
	int rc = find_leaders(tree, procs, containers, &leaders);

	if (rc < 0)
		return rc;
	text_put_key(t, "pid-namespaces");
	text_put(t, "[");
	for (size_t i = 0; i < tree->n; i++) {
		if (tree->v[i].parent == PIDNS_NONE)
			put_namespace(t, tree, &leaders, (uint32_t) i, 1);
	}
	text_put(t, "]");
	free(leaders.v);
	return 0;
}
