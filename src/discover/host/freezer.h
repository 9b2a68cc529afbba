/* SPDX-License-Identifier: MIT */
/* Whether a process is frozen by its cgroup, of either version (cgroups(7)): how containers are
 * paused. */
#ifndef DISCOVER_FREEZER_H
#define DISCOVER_FREEZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FREEZER_PATH_MAX 4160

/* Where the kernel tells. @ret is a file below /sys/fs/cgroup. */
struct freezer_file {
	char path[FREEZER_PATH_MAX];
	const char *word; /* a line of the file when the cgroup is frozen; static */
};

/* The file for a process by the whole text of its /proc/PID/cgroup: of the freezer hierarchy, if
 * the process is in one, else of the unified one. Returns false if there is none. No I/O. */
bool freezer_file_of(const char *text, struct freezer_file *ret);

/* True if process @pid is frozen; false also when that cannot be found out. */
bool freezer_is_frozen(int procfd, int32_t pid);

#endif
