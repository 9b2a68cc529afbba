/* SPDX-License-Identifier: MIT */
/* The few fields of /proc/PID/stat we use (proc_pid_stat(5)). The command name may hold anything,
 * parentheses and blanks included, so the line is cut at its *last* parenthesis. */
#ifndef BASE_PROCSTAT_H
#define BASE_PROCSTAT_H

#include <stdint.h>

#define PROCSTAT_COMM_MAX 64 /* the kernel's limit is 16, kernel threads may show more */

struct procstat {
	char comm[PROCSTAT_COMM_MAX]; /* cut if longer, may hold any byte but NUL */
	int32_t ppid;
	int32_t nice;             /* field 19 */
	uint64_t starttime_ticks; /* field 22, clock ticks since boot */
	uint32_t policy;          /* field 41, SCHED_... of sched(7); 0 if missing */
};

/* Parse one line of /proc/PID/stat. Returns 0 or -EBADMSG. */
int procstat_parse(const char *line, struct procstat *ret);

/* Read and parse @procfd/@pid/stat, @procfd being a directory descriptor of a proc file system.
 * Returns 0, -ENOENT or -ESRCH when there is no such process, or another negative errno. */
int procstat_read(int procfd, int32_t pid, struct procstat *ret);

#endif
