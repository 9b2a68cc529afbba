/* SPDX-License-Identifier: MIT */
#include "discover/detail/tenants.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What is at hand while the list is made. */
struct making {
	const struct netns_set *set;
	const struct proc_table *procs;
	bool *taken; /* by index in procs->v: it is a container's */
	struct tenants out;
};

void tenants_done(struct tenants *t)
{
	free(t->v);
	free(t->first);
	*t = (struct tenants){0};
}

static int cmp_netns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *) a, y = ((const struct netns *) b)->ref.inode;

	return (x > y) - (x < y);
}

static void add(struct making *m, const struct process *p, const struct container *c)
{
	const struct netns *ns =
		m->set->n ? bsearch(&p->netns, m->set->v, m->set->n, sizeof(*ns), cmp_netns) : NULL;

	if (!ns)
		return; /* cannot be read, or the namespace was left out */
	m->out.v[m->out.n++] = (struct tenant){
		.proc = p, .container = c, .netns = (size_t) (ns - m->set->v), .group = -1};
}

static int cmp_tenant(const void *a, const void *b)
{
	const struct tenant *x = a, *y = b;
	int rc = (x->netns > y->netns) - (x->netns < y->netns);

	if (rc == 0)
		rc = (x->container == NULL) - (y->container == NULL);
	if (rc == 0 && x->container && y->container)
		rc = strcmp(x->container->name, y->container->name);
	if (rc == 0)
		rc = (x->proc->pid > y->proc->pid) - (x->proc->pid < y->proc->pid);
	return rc;
}

/* Number the pods of one namespace, whose tenants are @v. */
static void number_pods(struct tenants *t, struct tenant *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *pod = v[i].container ? v[i].container->pod : NULL;

		for (size_t j = 0; pod && j < i && v[i].group < 0; j++) {
			if (v[j].group >= 0 && strcmp(v[j].container->pod, pod) == 0)
				v[i].group = v[j].group;
		}
		if (pod && v[i].group < 0)
			v[i].group = t->n_groups++;
	}
}

static void fill(struct making *m, const struct container_list *containers)
{
	struct tenants *t = &m->out;
	size_t at = 0;

	for (size_t i = 0; i < containers->n; i++) {
		m->taken[containers->v[i].proc - m->procs->v] = true;
		add(m, containers->v[i].proc, &containers->v[i]);
	}
	for (size_t i = 0; i < m->procs->n; i++) {
		const struct process *p = &m->procs->v[i];

		if (!m->taken[i] && !proc_is_kthreadd(p) && proc_is_netns_leader(m->procs, p))
			add(m, p, NULL);
	}
	if (t->n > 0)
		qsort(t->v, t->n, sizeof(*t->v), cmp_tenant);
	for (size_t i = 0; i < m->set->n; i++) {
		t->first[i] = at;
		while (at < t->n && t->v[at].netns == i)
			at++;
		number_pods(t, t->v + t->first[i], at - t->first[i]);
	}
	t->first[m->set->n] = at;
}

int tenants_make(const struct netns_set *set, const struct proc_table *procs,
	const struct container_list *containers, struct tenants *ret)
{
	struct making m = {.set = set, .procs = procs};

	m.taken = calloc(procs->n + 1, sizeof(*m.taken));
	/* a container's process occurs once in its list, and is not added as a process */
	m.out.v = calloc(procs->n + containers->n + 1, sizeof(*m.out.v));
	m.out.first = calloc(set->n + 1, sizeof(*m.out.first));
	if (!m.taken || !m.out.v || !m.out.first) {
		free(m.taken);
		tenants_done(&m.out);
		return -ENOMEM;
	}
	fill(&m, containers);
	free(m.taken);
	*ret = m.out;
	return 0;
}
