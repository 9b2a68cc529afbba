/* SPDX-License-Identifier: MIT */
/* Names for addresses: which container, pod, compose service, process or interface of the host has
 * an address, for people who read packets. No I/O. */
#ifndef DISCOVER_NAMES_H
#define DISCOVER_NAMES_H

#include "discover/container/container.h"
#include "discover/host/netns_set.h"
#include "discover/host/proc_table.h"
#include "proto/catalog.h"

/* What goes for the host. */
struct names_host {
	const char *name; /* clean UTF-8, "" = unknown */
	uint64_t inode;   /* of its network namespace, if that of process 1 cannot be read */
};

/* Fill @ret->names; its namespaces, which are those of @set, and their links are there already. An
 * address of the host is called "INTERFACE.HOST"; one in a namespace of its own as the oldest
 * container there ("NAMESPACE/POD" if that belongs to a pod; the compose service "SERVICE.PROJECT"
 * is its second name), else as the process that leads there, else as the file that keeps the
 * namespace. Loopback addresses have no name. Returns 0 or -ENOMEM; what was filled in is freed
 * with catalog_done(). */
int names_make(const struct netns_set *set, const struct proc_table *procs,
	const struct container_list *containers, const struct names_host *self,
	struct catalog *ret);

#endif
