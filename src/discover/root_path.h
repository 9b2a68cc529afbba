/* SPDX-License-Identifier: MIT */
/* Files of other processes' file systems, looked up as those processes see them: symbolic links,
 * ".." and mounts cannot lead out of that process's root (openat2(2)). */
#ifndef DISCOVER_ROOT_PATH_H
#define DISCOVER_ROOT_PATH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Open @path inside the root of process @pid with @flags of open(2) (O_CLOEXEC is added). Returns a
 * descriptor or a negative errno. */
int root_path_open(int procfd, int32_t pid, const char *path, uint64_t flags);

/* Read the regular file @path inside the root of @pid into @ret, NUL-terminated. Never waits on
 * FIFOs or devices. Returns the length, -EINVAL if it is no regular file, or an errno of
 * io_read_all(). */
ssize_t root_path_read(int procfd, int32_t pid, const char *path, char *ret, size_t cap_bytes);

#endif
