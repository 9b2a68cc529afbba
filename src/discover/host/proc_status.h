/* SPDX-License-Identifier: MIT */
/* Fields of /proc/PID/status (proc_pid_status(5)). */
#ifndef DISCOVER_PROC_STATUS_H
#define DISCOVER_PROC_STATUS_H

#include <stddef.h>
#include <stdint.h>

#define PROC_STATUS_LEVELS_MAX 33 /* MAX_PID_NS_LEVEL + 1 */

struct proc_status {
	uint32_t euid;
	uint64_t capbnd; /* bounding set, 0 when not told */
	/* the process's numbers, from our PID namespace to its own */
	int32_t nspid[PROC_STATUS_LEVELS_MAX];
	size_t n_nspid;
};

/* Parse the whole text. No I/O. Returns 0, or -EBADMSG when a field is missing or malformed. */
int proc_status_parse(const char *text, struct proc_status *ret);

/* Read and parse @procfd/@pid/status. Returns 0 or a negative errno. */
int proc_status_read(int procfd, int32_t pid, struct proc_status *ret);

#endif
