/* SPDX-License-Identifier: MIT */
/* Files of other processes' file systems, looked up as those processes see them: symbolic links and
 * ".." cannot lead out of that process's root. Done step by step, as openat2(2) would have to be
 * allowed with flags that the system call filter cannot see (docs/decisions/0026). */
#ifndef DISCOVER_ROOT_PATH_H
#define DISCOVER_ROOT_PATH_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* The root directory of process @pid: an O_PATH descriptor, or a negative errno. What is looked up
 * below it stays in that root, whatever becomes of the process. */
int root_path_root(int procfd, int32_t pid);

/* Find @path below @root. Errors of root_path_open(). */
int root_path_open_at(int root, const char *path);

/* Find @path inside the root of process @pid. Returns an O_PATH descriptor, or a negative errno:
 * -ELOOP for too many symbolic links, -ENAMETOOLONG for more than 64 directories. */
int root_path_open(int procfd, int32_t pid, const char *path);

/* Read the regular file @path inside the root of @pid into @ret, NUL-terminated. Never waits on
 * FIFOs, devices or leases. Returns the length, an errno of root_path_open_file(), or one of
 * io_read_all(). */
ssize_t root_path_read(int procfd, int32_t pid, const char *path, char *ret, size_t cap_bytes);

/* As root_path_read() below @root. */
ssize_t root_path_read_at(int procfd, int root, const char *path, char *ret, size_t cap_bytes);

/* Open the regular file @path below @root for reading; @ret tells its size and age. Returns a
 * descriptor, -EINVAL if it is no regular file, -EAGAIN if somebody has a lease on it (fcntl(2)),
 * or another negative errno. */
int root_path_open_file(int procfd, int root, const char *path, struct stat *ret);

/* Open directory @path below @root for reading. Returns NULL, errno set, on failure. */
DIR *root_path_opendir(int procfd, int root, const char *path);

#endif
