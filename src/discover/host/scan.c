/* SPDX-License-Identifier: MIT */
#include "discover/host/scan.h"

#include <errno.h>

static int read_namespaces(const struct scan_means *m, struct scan *s, const struct scan *old,
	const struct scan_changes *changes)
{
	const struct held_sources sources = {m->procfd, &s->procs, m->yield};
	int rc = held_read(&sources, old ? &old->held : NULL, &changes->mntns, &s->held);

	if (rc == 0)
		rc = netns_set_add_processes(&s->nets, &s->procs);
	if (rc == 0)
		rc = netns_set_add_held(&s->nets, &s->held);
	s->cut = rc == -ENOSPC;
	netns_set_sort(&s->nets);
	if (s->cut)
		rc = 0;
	if (rc == 0 && old)
		rc = netns_set_recall_links(&s->nets, &old->nets, &s->procs, &changes->nsids);
	if (rc == 0 && old)
		link_changes_apply(&changes->links, &s->nets);
	return rc;
}

/* @s has its processes. */
static int finish(const struct scan_means *m, struct scan *s, const struct scan *old,
	const struct scan_changes *changes)
{
	int rc = read_namespaces(m, s, old, changes);

	if (rc == 0)
		rc = cgroup_scan(m->procfd, &s->procs, old ? &old->cgroups : NULL, &s->cgroups);
	return rc;
}

int scan_read(const struct scan_means *m, struct scan *ret)
{
	static const struct scan_changes none;
	struct scan s = {0};
	int rc = proc_table_read(m->procfd, m->self, m->yield, &s.procs);

	if (rc == 0)
		rc = finish(m, &s, NULL, &none);
	if (rc < 0) {
		scan_done(&s);
		return rc;
	}
	*ret = s;
	return 0;
}

int scan_update(const struct scan_means *m, const struct scan *old,
	const struct scan_changes *changes, struct scan *ret)
{
	struct scan s = {0};
	int rc = proc_table_update(m->procfd, m->self, &old->procs, &changes->pids, &s.procs);

	if (rc == 0)
		rc = finish(m, &s, old, changes);
	if (rc < 0) {
		scan_done(&s);
		return rc;
	}
	*ret = s;
	return 0;
}

void scan_done(struct scan *s)
{
	proc_table_done(&s->procs);
	netns_set_done(&s->nets);
	cgroup_list_done(&s->cgroups);
	held_done(&s->held);
	*s = (struct scan){0};
}

void scan_changes_done(struct scan_changes *c)
{
	id_set_done(&c->pids);
	id_set_done(&c->mntns);
	id_set_done(&c->nsids);
	link_changes_done(&c->links);
}
