/* SPDX-License-Identifier: MIT */
#include "discover/host/scan.h"

#include <errno.h>

static int read_namespaces(
	int procfd, struct scan *s, const struct scan *old, const struct scan_changes *changes)
{
	int rc = held_read(procfd, &s->procs, old ? &old->held : NULL, &changes->mntns, &s->held);

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
static int finish(
	int procfd, struct scan *s, const struct scan *old, const struct scan_changes *changes)
{
	int rc = read_namespaces(procfd, s, old, changes);

	if (rc == 0)
		rc = cgroup_scan(procfd, &s->procs, old ? &old->cgroups : NULL, &s->cgroups);
	return rc;
}

int scan_read(int procfd, const struct proc_self *self, struct scan *ret)
{
	static const struct scan_changes none;
	struct scan s = {0};
	int rc = proc_table_read(procfd, self, &s.procs);

	if (rc == 0)
		rc = finish(procfd, &s, NULL, &none);
	if (rc < 0) {
		scan_done(&s);
		return rc;
	}
	*ret = s;
	return 0;
}

int scan_update(int procfd, const struct proc_self *self, const struct scan *old,
	const struct scan_changes *changes, struct scan *ret)
{
	struct scan s = {0};
	int rc = proc_table_update(procfd, self, &old->procs, &changes->pids, &s.procs);

	if (rc == 0)
		rc = finish(procfd, &s, old, changes);
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
