/* SPDX-License-Identifier: MIT */
#include "discover/host/scan.h"

#include <errno.h>

static int read_namespaces(int procfd, struct scan *s)
{
	int rc = netns_set_add_processes(&s->nets, &s->procs);

	if (rc == 0)
		rc = netns_set_add_mounts(&s->nets, procfd, &s->procs);
	if (rc == 0)
		rc = netns_set_add_fds(&s->nets, procfd, &s->procs);
	s->cut = rc == -ENOSPC;
	netns_set_sort(&s->nets);
	return s->cut ? 0 : rc;
}

int scan_read(int procfd, const struct proc_self *self, struct scan *ret)
{
	struct scan s = {0};
	int rc = proc_table_read(procfd, self, &s.procs);

	if (rc == 0)
		rc = read_namespaces(procfd, &s);
	if (rc == 0)
		rc = cgroup_scan(procfd, &s.procs, &s.cgroups);
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
}
