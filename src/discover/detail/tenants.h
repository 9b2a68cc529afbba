/* SPDX-License-Identifier: MIT */
/* Who lives in each network namespace (contract 2.4): all container processes attached to it, then
 * all its leaders that are not containers. No I/O. */
#ifndef DETAIL_TENANTS_H
#define DETAIL_TENANTS_H

#include <stddef.h>
#include <stdint.h>

#include "discover/container/container.h"
#include "discover/host/netns_set.h"
#include "discover/host/proc_table.h"

struct tenant {
	const struct process *proc;        /* borrowed */
	const struct container *container; /* borrowed; NULL for a process without */
	size_t netns;                      /* index of its namespace */
	/* Number of its pod in the document, counted from 0 in order of appearance; -1 = no pod.
	 * Equally named pods in different namespaces are different pods. */
	int32_t group;
};

struct tenants {
	struct tenant *v; /* owned; by namespace, containers first, by name, then pid */
	size_t n;
	size_t *first; /* owned; by index of the namespace, and one more: where its tenants begin */
	int32_t n_groups;
};

/* Put together the tenants of all namespaces of @set (sorted). The parent of kernel threads is left
 * out. Returns 0 or -ENOMEM; free with tenants_done(). */
int tenants_make(const struct netns_set *set, const struct proc_table *procs,
	const struct container_list *containers, struct tenants *ret);
void tenants_done(struct tenants *t);

#endif
