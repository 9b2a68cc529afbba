/* SPDX-License-Identifier: MIT */
/* Lines of /proc/PID/mountinfo (proc_pid_mountinfo(5)). No I/O. */
#ifndef BASE_MOUNTINFO_H
#define BASE_MOUNTINFO_H

#include <stdint.h>

#define MOUNTINFO_POINT_MAX 4096 /* PATH_MAX */

/* A bind-mounted network namespace. */
struct nsfs_mount {
	uint64_t netns; /* nsfs inode */
	uint32_t mount_id;
	char point[MOUNTINFO_POINT_MAX]; /* any bytes but NUL, octal escapes undone */
};

/* Parse one line (with or without its newline). Returns 1 when it describes a mounted network
 * namespace, 0 when it describes another mount or is malformed; @ret is untouched then. */
int mountinfo_parse(const char *line, struct nsfs_mount *ret);

#endif
