/* SPDX-License-Identifier: MIT */
/* From a mount id to the place where a namespace file is mounted (proc_pid_mountinfo(5)). */
#ifndef BROKER_MOUNTINFO_H
#define BROKER_MOUNTINFO_H

#include <stddef.h>
#include <stdint.h>

/* If @line (one line of mountinfo, NUL-terminated) describes an nsfs mount with id @mount_id, copy
 * its mount point, unescaped, to @ret and return 1; 0 if it describes another mount; -EBADMSG if it
 * is malformed or does not fit. */
int mountinfo_match(const char *line, uint32_t mount_id, char *ret, size_t cap_bytes);

/* The mount point of nsfs mount @mount_id in the mount namespace of process @pid. *ret is then
 * owned by the caller. Returns 0, -ENOENT if there is none, or another negative errno. */
int mountinfo_nsfs_path(int procfd, uint32_t pid, uint32_t mount_id, char **ret);

#endif
