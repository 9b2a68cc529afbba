/* SPDX-License-Identifier: MIT */
/* Containers whose only trace is the process that watches over them: LXC's monitor and
 * systemd-nspawn name them in their command lines. */
#ifndef DISCOVER_SUPERVISED_H
#define DISCOVER_SUPERVISED_H

#include <stddef.h>
#include <stdint.h>

#include "discover/host/cgroup_name.h"
#include "discover/host/proc_table.h"

#define SUPERVISED_CMDLINE_MAX 4096

/* Take the command line of a supervisor called @comm apart (arguments each ended by NUL, as in
 * /proc/PID/cmdline; @len_bytes below SUPERVISED_CMDLINE_MAX, followed by a NUL). No I/O. Returns 1
 * and the container's type, "lxc" or "systemd-nspawn", and name, or 0 when it is none. */
int supervised_parse(
	const char *comm, const char *cmdline, size_t len_bytes, struct cgroup_name *ret);

/* Look whether the parent of @p is such a supervisor. Returns as above. */
int supervised_find(int procfd, const struct proc_table *procs, const struct process *p,
	struct cgroup_name *ret);

#endif
