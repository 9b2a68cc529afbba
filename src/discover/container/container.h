/* SPDX-License-Identifier: MIT */
/* Containers as one scan found them, each tied to one process: what engines say, then what others
 * tell of beyond that. Each container and each process occurs once. */
#ifndef DISCOVER_CONTAINER_H
#define DISCOVER_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>

#include "discover/container/oci_states.h"
#include "discover/host/cgroup_scan.h"
#include "discover/engine/engines.h"
#include "discover/host/proc_table.h"

#define CONTAINER_PREFIX_MAX 4096

struct container {
	const struct process *proc; /* borrowed from the scan's table */
	const char *type;           /* contract 2.5.2, static */
	char *name;                 /* owned; clean UTF-8 */
	char *prefix;               /* owned; enclosing containers' names, "" if not nested */
	char *pod;                  /* owned; "NAMESPACE/POD" if it belongs to one, else NULL */
	char *image;                /* owned; as its engine names it, "" = unknown */
	/* What its engine says, without an engine nothing; in any case the prefix, and what a
	 * dockershim name tells (contract 2.11). Owned. */
	struct labels labels;
	char id[ENGINE_ID_MAX];      /* as its engine or runtime calls it, "" = unknown */
	int32_t engine_pid;          /* of the engine that told of it, 0 if none did */
	uint32_t owner;              /* see struct catalog_target */
	const struct engine *engine; /* borrowed; NULL if none told of it */
	bool paused;
};

struct container_list {
	struct container *v; /* owned */
	size_t n, cap;
};

/* Who tells of containers; all borrowed. */
struct container_sources {
	struct engines *engines; /* NULL = none */
	const struct cgroup_list *cgroups;
	struct oci_states *oci; /* brought up to date; NULL = not looked at */
};

/* Put together what @sources tell of processes in @procs: engines go before cgroups, those before
 * the accounts of OCI runtimes, those before supervising processes. Notes in the engines' lists
 * which process a container was found to be. Containers whose process is not in @procs are left
 * out. Returns 0 or -ENOMEM; free with container_list_done(). */
int container_list_make(int procfd, const struct proc_table *procs,
	const struct container_sources *sources, struct container_list *ret);
void container_list_done(struct container_list *l);

/* Fill in all prefixes and their labels: the names of the containers around each one's engine
 * (around its own process if no engine told of it), outermost first, with '/' in between. No I/O.
 * Returns 0 or -ENOMEM. */
int container_list_nest(struct container_list *l, const struct proc_table *procs);

#endif
