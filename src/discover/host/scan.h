/* SPDX-License-Identifier: MIT */
/* One look at the host: its processes and its network namespaces, read in one go. Links and engines
 * are asked afterwards, without waiting (discover.c). */
#ifndef DISCOVER_SCAN_H
#define DISCOVER_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "discover/host/cgroup_scan.h"
#include "discover/host/netns_set.h"
#include "discover/host/proc_table.h"

struct scan {
	struct proc_table procs;
	struct netns_set nets; /* sorted */
	struct cgroup_list cgroups;
	bool cut; /* there were more namespaces than the catalog holds */
};

/* Read processes, then the namespaces they are in, then those that are only mounted, then those
 * only held by a descriptor. Returns 0 or a negative errno; free with scan_done(). */
int scan_read(int procfd, const struct proc_self *self, struct scan *ret);
void scan_done(struct scan *s);

#endif
