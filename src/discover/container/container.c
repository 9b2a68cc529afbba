/* SPDX-License-Identifier: MIT */
#include "discover/container/container.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "discover/host/pid_map.h"
#include "discover/container/pod_name.h"
#include "discover/container/supervised.h"
#include "discover/host/proc_status.h"
#include "discover/host/userns.h"
#include "proto/catalog.h"

/* What is at hand while the list is made. */
struct making {
	int procfd;
	const struct proc_table *procs;
	const struct container_sources *sources;
	bool *taken; /* by index in procs->v */
	struct container_list list;
};

void container_list_done(struct container_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].name);
		free(l->v[i].prefix);
		free(l->v[i].pod);
		free(l->v[i].image);
		labels_done(&l->v[i].labels);
	}
	free(l->v);
	*l = (struct container_list){0};
}

/* Add a copy of @c. @image: NULL = unknown. */
static int add(struct making *m, const struct container *c, const char *name, const char *image)
{
	struct container_list *l = &m->list;
	struct container *v = grow(l->v, l->n, &l->cap, sizeof(*v));

	if (!v)
		return -ENOMEM;
	l->v = v;
	v += l->n++;
	*v = *c;
	v->name = strdup(name);
	v->prefix = strdup("");
	v->image = strdup(image ? image : "");
	m->taken[c->proc - m->procs->v] = true;
	return v->name && v->prefix && v->image ? 0 : -ENOMEM;
}

/* Give the newest container copies of @labels (NULL: none), and the pod they or its name tell. */
static int describe(struct making *m, const struct labels *labels, bool pods_by_label)
{
	struct container *c = &m->list.v[m->list.n - 1];
	int rc = labels ? labels_copy(labels, &c->labels) : 0;

	if (rc == 0 && pods_by_label)
		rc = pod_name_of_labels(&c->labels, &c->pod);
	if (rc == 0 && !c->pod)
		rc = pod_name_of_dockershim(c->name, &c->labels, &c->pod);
	return rc;
}

/* Any user can run a program that acts as an engine. A claim of root is valid for every process. A
 * claim of another user is valid for processes of that user, and for processes in user namespaces
 * which that user made, where rootless engines run their containers. A claim that cannot be checked
 * is not valid. */
static bool may_claim(const struct making *m, uint32_t euid, const struct process *p)
{
	struct proc_status claimed;

	return proc_status_read(m->procfd, p->pid, &claimed) == 0 &&
	       (euid == claimed.euid || userns_is_of(m->procfd, p->pid, euid));
}

/* The user that engine @e runs as, CATALOG_OWNER_NONE if that cannot be read. */
static uint32_t owner_of(const struct making *m, const struct engine *e)
{
	struct proc_status engine;

	return proc_status_read(m->procfd, e->pid, &engine) == 0 ? engine.euid : CATALOG_OWNER_NONE;
}

static bool engine_may_claim(
	const struct making *m, const struct engine *e, uint32_t owner, const struct process *p)
{
	return e->privileged || (owner != CATALOG_OWNER_NONE && may_claim(m, owner, p));
}

/* The process of @c: what was found before, what the engine says, or what its cgroup tells while
 * the engine has not said. NULL if there is none. */
static const struct process *process_of(
	const struct making *m, const struct pid_map *pids, const struct engine_container *c)
{
	const struct cgroup_container *cg;

	if (c->host_pid && proc_table_has(m->procs, c->host_pid, c->host_starttime_ticks))
		return proc_table_find(m->procs, c->host_pid);
	if (c->pid)
		return pid_map_find(pids, c->pid);
	cg = cgroup_list_find(m->sources->cgroups, c->id);
	return cg ? cg->proc : NULL;
}

static int add_engine_container(struct making *m, const struct engine *e, uint32_t owner,
	const struct pid_map *pids, struct engine_container *c)
{
	const struct process *p = c->over ? NULL : process_of(m, pids, c);
	struct container n = {.proc = p,
		.type = e->driver->type,
		.engine_pid = e->pid,
		.engine = e,
		.owner = owner,
		.paused = c->paused};
	int rc;

	if (!p || m->taken[p - m->procs->v] || !engine_may_claim(m, e, owner, p))
		return 0;
	/* what a cgroup told is good for now only: the engine will know better */
	if (c->pid) {
		c->host_pid = p->pid;
		c->host_starttime_ticks = p->starttime_ticks;
	}
	(void) snprintf(n.id, sizeof(n.id), "%s", c->id);
	rc = add(m, &n, c->name, c->image);
	return rc < 0 ? rc : describe(m, &c->labels, e->driver->pods_by_label);
}

static int add_engine(struct making *m, struct engine *e)
{
	struct pid_map pids = {0};
	uint32_t owner;
	int rc;

	if (e->list.n == 0)
		return 0;
	owner = owner_of(m, e);
	rc = pid_map_read(m->procfd, m->procs, e->pid, &pids);
	for (size_t i = 0; i < e->list.n && rc == 0; i++)
		rc = add_engine_container(m, e, owner, &pids, &e->list.v[i]);
	pid_map_done(&pids);
	return rc == -ESRCH ? 0 : rc;
}

/* True if an engine whose word is good knows @id, be it that the container is over. */
static bool is_known(const struct engines *es, const char *id)
{
	for (const struct engine *e = es ? es->first : NULL; e; e = e->next) {
		if (e->privileged && engine_list_find(&e->list, id))
			return true;
	}
	return false;
}

/* A container that ended since the scan began is unknown to its engine: it must not come back under
 * another name. */
static bool is_alive(int procfd, const struct process *p)
{
	struct procstat st;

	return procstat_read(procfd, p->pid, &st) == 0 && st.starttime_ticks == p->starttime_ticks;
}

static bool is_free(const struct making *m, const struct process *p)
{
	return !m->taken[p - m->procs->v] && is_alive(m->procfd, p);
}

/* What its runtime notes about container @id, if it may be believed about @p; else NULL. */
static const struct oci_entry *account_of(
	const struct making *m, const char *id, const struct process *p)
{
	const struct oci_states *oci = m->sources->oci;
	const struct oci_entry *o = oci ? oci_states_find(oci, id) : NULL;

	return o && (o->uid == 0 || may_claim(m, o->uid, p)) ? o : NULL;
}

static int add_oci(struct making *m, const struct oci_entry *o, struct container *c)
{
	int rc;

	c->type = o->type;
	c->owner = o->uid;
	(void) snprintf(c->id, sizeof(c->id), "%s", o->id);
	rc = add(m, c, o->state.name, NULL);
	return rc < 0 ? rc : describe(m, &o->state.labels, strcmp(c->type, "CRI") == 0);
}

/* A cgroup that is nothing but an id is taken for containerd's: an account knows better. */
static int add_cgroup(struct making *m, const struct cgroup_container *cg)
{
	struct container c = {.proc = cg->proc, .type = cg->name.type, .owner = CATALOG_OWNER_NONE};
	const struct oci_entry *o;
	int rc;

	if (is_known(m->sources->engines, cg->name.id) || !is_free(m, cg->proc))
		return 0;
	o = account_of(m, cg->name.id, cg->proc);
	if (o && (strcmp(c.type, "containerd") == 0 || strcmp(c.type, o->type) == 0))
		return add_oci(m, o, &c);
	(void) snprintf(c.id, sizeof(c.id), "%s", cg->name.id);
	rc = add(m, &c, cg->name.name, NULL);
	return rc < 0 ? rc : describe(m, NULL, false);
}

static int add_account(struct making *m, const struct oci_entry *o)
{
	struct container c = {.proc = proc_table_find(m->procs, o->state.pid)};

	if (!c.proc || is_known(m->sources->engines, o->id) || !is_free(m, c.proc) ||
		!account_of(m, o->id, c.proc))
		return 0;
	return add_oci(m, o, &c);
}

/* @p may be the first process of a container, and nobody has told of it. */
static int add_supervised(struct making *m, const struct process *p)
{
	struct container c = {.proc = p, .owner = CATALOG_OWNER_NONE};
	struct cgroup_name name;
	int rc;

	if (m->taken[p - m->procs->v] || p->ours || !proc_may_be_container(m->procs, p) ||
		!supervised_find(m->procfd, m->procs, p, &name))
		return 0;
	c.type = name.type;
	rc = add(m, &c, name.name, NULL);
	return rc < 0 ? rc : describe(m, NULL, false);
}

static int add_without_engine(struct making *m)
{
	const struct cgroup_list *cgroups = m->sources->cgroups;
	struct oci_states *oci = m->sources->oci;
	int rc = oci ? oci_states_update(oci, m->procfd, m->procs, m->sources->engines) : 0;

	for (size_t i = 0; i < cgroups->n && rc == 0; i++)
		rc = add_cgroup(m, &cgroups->v[i]);
	for (size_t i = 0; oci && i < oci->n && rc == 0; i++)
		rc = add_account(m, &oci->v[i]);
	for (size_t i = 0; i < m->procs->n && rc == 0; i++)
		rc = add_supervised(m, &m->procs->v[i]);
	return rc;
}

int container_list_make(int procfd, const struct proc_table *procs,
	const struct container_sources *sources, struct container_list *ret)
{
	struct making m = {.procfd = procfd, .procs = procs, .sources = sources};
	struct engine *e = sources->engines ? sources->engines->first : NULL;
	int rc = 0;

	m.taken = calloc(procs->n + 1, sizeof(*m.taken));
	if (!m.taken)
		return -ENOMEM;
	for (; e && rc == 0; e = e->next)
		rc = add_engine(&m, e);
	if (rc == 0)
		rc = add_without_engine(&m);
	if (rc == 0)
		rc = container_list_nest(&m.list, procs);
	free(m.taken);
	if (rc < 0)
		container_list_done(&m.list);
	else
		*ret = m.list;
	return rc;
}
