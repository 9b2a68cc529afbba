/* SPDX-License-Identifier: MIT */
/* The containers that processes' cgroups tell of. */
#ifndef DISCOVER_CGROUP_SCAN_H
#define DISCOVER_CGROUP_SCAN_H

#include <stddef.h>

#include "discover/host/cgroup_name.h"
#include "discover/host/proc_table.h"

struct cgroup_container {
	struct cgroup_name name;
	const struct process *proc; /* the oldest one seen in it; borrowed from the table */
};

struct cgroup_list {
	struct cgroup_container *v; /* owned, by id, then type; none twice */
	size_t n, cap;
};

/* Read the cgroups of all processes that may be a container's first. What cannot be read is passed
 * over. Returns 0 or -ENOMEM; free with cgroup_list_done(). */
int cgroup_scan(int procfd, const struct proc_table *procs, struct cgroup_list *ret);
void cgroup_list_done(struct cgroup_list *l);

/* The first entry with this id, NULL if there is none. */
const struct cgroup_container *cgroup_list_find(const struct cgroup_list *l, const char *id);

#endif
