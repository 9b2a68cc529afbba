/* SPDX-License-Identifier: MIT */
/* What can be captured: the targets of all network namespaces, named and ordered. No I/O. */
#ifndef DISCOVER_TARGETS_H
#define DISCOVER_TARGETS_H

#include "discover/container/container.h"
#include "discover/host/netns_set.h"
#include "discover/host/proc_table.h"
#include "proto/catalog.h"

/* Make the catalog of @set (sorted), @procs and @containers. Per namespace: its containers, each
 * pod once in all, its leaders that are not containers; a namespace without any of these appears by
 * the place that keeps it. Order: containers and pods by name, prefix, type, pid; processes by
 * name; places by name. Link lists move from @set to the catalog. Returns 0 or -ENOMEM; free with
 * catalog_done(). */
int targets_make(struct netns_set *set, const struct proc_table *procs,
	const struct container_list *containers, struct catalog *ret);

/* Move the link lists of @c, made of @set, back to it. */
void targets_give_back(struct netns_set *set, struct catalog *c);

#endif
