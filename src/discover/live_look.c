/* SPDX-License-Identifier: MIT */
#include "discover/live_look.h"

#include <errno.h>
#include <string.h>

#include "discover/engine/engines.h"

/* May @p, in the table, be seen in the catalog? */
static bool shows(const struct live *l, const struct process *p)
{
	const struct proc_table *t = &l->scan->procs;

	if (proc_is_netns_leader(t, p) || proc_may_be_container(t, p) || engines_may_be(p))
		return true;
	for (size_t i = 0; i < l->scan->nets.n; i++) {
		const struct ns_ref *r = &l->scan->nets.v[i].ref;

		if (r->kind != NS_REF_PROC && (int32_t) r->pid == p->pid)
			return true;
	}
	return false;
}

/* May @p, as it is now, be seen in the next catalog? */
static bool will_show(struct live *l, const struct process *p)
{
	const struct process *known =
		p->ppid > 0 ? proc_table_find(&l->scan->procs, p->ppid) : NULL;
	struct process parent;

	if (p->netns == 0 || p->ours)
		return false;
	if (engines_may_be(p))
		return true;
	if (known && known->netns == p->netns && known->mntns == p->mntns)
		return false;
	/* the parent may have changed its namespaces itself, which nobody tells */
	if (p->ppid <= 0 || proc_table_read_one(l->procfd, p->ppid, l->self, &parent) < 0)
		return true;
	if (known && (known->netns != parent.netns || known->mntns != parent.mntns)) {
		id_set_add(&l->changes.pids, (uint64_t) parent.pid);
		return true;
	}
	return parent.netns != p->netns || parent.mntns != p->mntns;
}

static bool is_same(const struct process *a, const struct process *b)
{
	return a->ppid == b->ppid && a->starttime_ticks == b->starttime_ticks &&
	       a->netns == b->netns && a->mntns == b->mntns && strcmp(a->comm, b->comm) == 0;
}

/* Look at one process. Returns true when it was in the table and is not any more, so that its
 * children have got another parent. */
static bool look_at(struct live *l, int32_t pid)
{
	const struct process *old = proc_table_find(&l->scan->procs, pid);
	struct process now;
	bool is_there = proc_table_read_one(l->procfd, pid, l->self, &now) == 0;

	if (is_there ? old && is_same(old, &now) : !old)
		return false;
	id_set_add(&l->changes.pids, (uint64_t) pid);
	if ((old && shows(l, old)) || (is_there && will_show(l, &now)))
		l->matters = true;
	return old && (!is_there || now.netns == 0 || now.starttime_ticks != old->starttime_ticks);
}

static void look_at_children(struct live *l, const struct id_set *ended)
{
	const struct proc_table *t = &l->scan->procs;

	for (size_t i = 0; ended->n > 0 && i < t->n; i++) {
		if (id_set_has(ended, (uint64_t) t->v[i].ppid))
			(void) look_at(l, t->v[i].pid);
	}
}

void live_look_at_processes(struct live *l)
{
	struct id_set ended = {.is_sorted = true};

	id_set_sort(&l->woken);
	for (size_t i = 0; i < l->woken.n; i++) {
		if (look_at(l, (int32_t) l->woken.v[i]))
			id_set_add(&ended, l->woken.v[i]);
	}
	id_set_sort(&ended);
	look_at_children(l, &ended);
	l->is_lost = l->is_lost || l->woken.cut || l->changes.pids.cut || ended.cut;
	id_set_clear(&l->woken);
	id_set_done(&ended);
	/* processes without a trace add up: take them into the table now and then */
	if (l->changes.pids.n > LIVE_PIDS_MAX)
		id_set_sort(&l->changes.pids);
	if (l->changes.pids.n > LIVE_PIDS_MAX)
		l->matters = true;
}

/* The namespace that goes by @nsid, NULL if none is known. */
static const struct netns *find_by_nsid(struct live *l, int32_t nsid)
{
	const struct netns_set *nets = &l->scan->nets;

	/* events come in rows */
	if (l->last_netns < nets->n && nets->v[l->last_netns].nsid == nsid &&
		nsid != LINK_EVENTS_OWN)
		return &nets->v[l->last_netns];
	for (size_t i = 0; i < nets->n; i++) {
		const struct netns *ns = &nets->v[i];

		if (nsid == LINK_EVENTS_OWN ? ns->ref.inode != l->self->netns : ns->nsid != nsid)
			continue;
		l->last_netns = i;
		return ns;
	}
	return NULL;
}

void live_note_link(struct live *l, int32_t nsid, const struct link_event *ev)
{
	const struct netns *ns = l->scan ? find_by_nsid(l, nsid) : NULL;

	if (!ns) {
		id_set_add(&l->nsids, netns_id_key(nsid));
		return;
	}
	l->matters = true;
	/* the number of a mount goes to another mount: it does not tell of which namespace this is
	 */
	if (ns->ref.kind != NS_REF_PROC || link_changes_add(&l->changes.links, ns, ev) < 0)
		id_set_add(&l->changes.nsids, netns_id_key(nsid));
}

void live_look_at_unknown_links(struct live *l)
{
	l->is_lost = l->is_lost || l->nsids.cut;
	id_set_sort(&l->nsids);
	for (size_t i = 0; i < l->nsids.n; i++) {
		if (!find_by_nsid(l, (int32_t) ((int64_t) l->nsids.v[i] - 1)))
			continue;
		id_set_add(&l->changes.nsids, l->nsids.v[i]);
		l->matters = true;
	}
	id_set_clear(&l->nsids);
}
