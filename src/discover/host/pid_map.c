/* SPDX-License-Identifier: MIT */
#include "discover/host/pid_map.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ns_link.h"
#include "base/grow.h"
#include "discover/host/proc_status.h"

static uint64_t read_pidns(int procfd, int32_t pid)
{
	char path[32];

	(void) snprintf(path, sizeof(path), "%" PRId32 "/ns/pid", pid);
	return ns_link_read(procfd, path, "pid");
}

/* Equal numbers occur in unrelated PID namespaces of the same depth: only a process with an
 * ancestor in the engine's namespace (at least the shim that started it) is below that. */
static bool is_below(const struct pid_map *m, int procfd, const struct process *p, uint64_t pidns)
{
	for (size_t steps = 0; p && steps < m->procs->n; steps++) {
		if (read_pidns(procfd, p->pid) == pidns)
			return true;
		p = proc_table_parent(m->procs, p);
	}
	return false;
}

static int add(struct pid_map *m, int32_t inner, const struct process *p)
{
	struct pid_pair *v = grow(m->v, m->n, &m->cap, sizeof(*v));

	if (!v)
		return -ENOMEM;
	m->v = v;
	m->v[m->n++] = (struct pid_pair){inner, p};
	return 0;
}

static int cmp_inner(const void *a, const void *b)
{
	const struct pid_pair *x = a, *y = b;

	return (x->inner > y->inner) - (x->inner < y->inner);
}

/* @depth: index of the engine's PID namespace among the levels of its own processes. */
static int read_pairs(struct pid_map *m, int procfd, size_t depth, uint64_t pidns)
{
	for (size_t i = 0; i < m->procs->n; i++) {
		const struct process *p = &m->procs->v[i];
		struct proc_status st;

		if (!proc_may_be_container(m->procs, p) ||
			proc_status_read(procfd, p->pid, &st) < 0 || st.n_nspid <= depth ||
			!is_below(m, procfd, p, pidns))
			continue;
		if (add(m, st.nspid[depth], p) < 0)
			return -ENOMEM;
	}
	if (m->n > 0)
		qsort(m->v, m->n, sizeof(*m->v), cmp_inner);
	return 0;
}

int pid_map_read(
	int procfd, const struct proc_table *procs, int32_t engine_pid, struct pid_map *ret)
{
	uint64_t pidns = read_pidns(procfd, engine_pid);
	struct pid_map m = {.procs = procs};
	struct proc_status st;

	if (pidns == 0 || proc_status_read(procfd, engine_pid, &st) < 0)
		return -ESRCH;
	m.same = st.n_nspid == 1;
	if (!m.same && read_pairs(&m, procfd, st.n_nspid - 1, pidns) < 0) {
		pid_map_done(&m);
		return -ENOMEM;
	}
	*ret = m;
	return 0;
}

void pid_map_done(struct pid_map *m)
{
	free(m->v);
	*m = (struct pid_map){0};
}

const struct process *pid_map_find(const struct pid_map *m, int32_t pid)
{
	const struct pid_pair key = {.inner = pid}, *found;

	if (m->same)
		return proc_table_find(m->procs, pid);
	found = m->n ? bsearch(&key, m->v, m->n, sizeof(*m->v), cmp_inner) : NULL;
	return found ? found->proc : NULL;
}
