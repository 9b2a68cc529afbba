/* SPDX-License-Identifier: MIT */
/* What an engine's pids mean to us when the engine lives in a PID namespace of its own
 * (pid_namespaces(7)). */
#ifndef DISCOVER_PID_MAP_H
#define DISCOVER_PID_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "discover/host/proc_table.h"

struct pid_map {
	const struct proc_table *procs; /* borrowed */
	bool same;                      /* the engine counts as we do: nothing is translated */
	struct pid_pair {
		int32_t inner; /* as the engine sees it */
		const struct process *proc;
	} * v; /* owned, by inner */
	size_t n, cap;
};

/* Prepare translating what engine process @engine_pid says about the containers it has started, as
 * far as they are among the processes that may be a container's first. Returns 0, -ESRCH when the
 * engine has gone, or -ENOMEM. Free with pid_map_done(). */
int pid_map_read(
	int procfd, const struct proc_table *procs, int32_t engine_pid, struct pid_map *ret);
void pid_map_done(struct pid_map *m);

/* The process that the engine calls @pid, NULL if there is none. */
const struct process *pid_map_find(const struct pid_map *m, int32_t pid);

#endif
