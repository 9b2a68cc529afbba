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

/* What the cgroup of one process told. */
struct cgroup_told {
	int32_t pid;
	uint64_t starttime_ticks;
	bool is_container;
	struct cgroup_name name; /* if so */
};

struct cgroup_list {
	struct cgroup_container *v; /* owned, by id, then type; none twice */
	size_t n, cap;
	struct cgroup_told *told; /* owned, by pid */
	size_t n_told, cap_told;
};

/* Read the cgroups of all processes that may be a container's first. What cannot be read is passed
 * over. Of processes that are not fresh, @old (NULL: nothing) has what they told before. Returns 0
 * or -ENOMEM; free with cgroup_list_done(). */
int cgroup_scan(int procfd, const struct proc_table *procs, const struct cgroup_list *old,
	struct cgroup_list *ret);
void cgroup_list_done(struct cgroup_list *l);

/* The first entry with this id, NULL if there is none. */
const struct cgroup_container *cgroup_list_find(const struct cgroup_list *l, const char *id);

#endif
