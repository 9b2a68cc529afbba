/* SPDX-License-Identifier: MIT */
/* Containers as one scan found them: each tied to one process. */
#ifndef DISCOVER_CONTAINER_H
#define DISCOVER_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>

#include "discover/proc_table.h"

/* Limits of names that engines tell us; longer ones are cut. */
#define CONTAINER_NAME_MAX 1024

struct container {
	const struct process *proc; /* borrowed from the scan's table */
	const char *type;           /* contract 2.5.2, static */
	char *name;                 /* owned; clean UTF-8 */
	char *prefix;               /* owned; enclosing containers' names, "" if not nested */
	char *pod;                  /* owned; "NAMESPACE/POD" if it belongs to one, else NULL */
	bool paused;
};

struct container_list {
	struct container *v; /* owned */
	size_t n, cap;
};

void container_list_done(struct container_list *l);

#endif
