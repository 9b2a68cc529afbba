/* SPDX-License-Identifier: MIT */
/* Access to the files of other processes' file systems that cannot block the caller.
 *
 * A container can mount a file system whose server does not answer (FUSE). Every operation on such
 * a file system may block without end, and not even SIGKILL ends it. Therefore no process of ours
 * that must stay alive performs such an operation: a worker process does, and the caller waits for
 * its answer for at most WORKER_WAIT_MS. Then the worker is left to its fate, and the directory
 * of the path is not looked at again until the worker has ended and a pause is over
 * (files/pauses.h, docs/decisions/0046-files-in-a-worker.md).
 *
 * Paths are looked up as the other process sees them: symbolic links and ".." cannot lead out of
 * its root. The worker is started with the first call and serves one process, on one thread. */
#ifndef FILES_ROOT_PATH_H
#define FILES_ROOT_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define ROOT_PATH_LIST_BYTES (1 << 20) /* of all names of one directory; more are left out */

/* The names in a directory. */
struct root_list {
	char *bytes; /* owned */
	size_t len_bytes, at;
};

struct root_entry {
	uint64_t inode;
	const char *name; /* borrowed from the list */
	uint8_t type;     /* DT_REG ... */
};

/* All functions return -ETIMEDOUT when the file system did not answer in time, -EBUSY without a try
 * while the directory of the path is paused or too many workers are blocked, and -EIO when the
 * worker has died. */

/* The root directory of process @pid: an O_PATH descriptor, or a negative errno. Never blocks. What
 * is looked up below it stays in that root, also after the end of the process. */
int root_path_root(int procfd, int32_t pid);

/* Find @path below @root. Errors of root_path_open(). */
int root_path_open_at(int root, const char *path);

/* Find @path inside the root of process @pid. Returns an O_PATH descriptor, or a negative errno:
 * -ELOOP for too many symbolic links, -ENAMETOOLONG for more than 64 directories, -EREMOTE for a
 * socket on a FUSE file system, as connect(2) to it could block. */
int root_path_open(int procfd, int32_t pid, const char *path);

/* As root_path_open(); *@ret is the status of what was found. fstat(2) on the descriptor could
 * block. */
int root_path_find(int procfd, int32_t pid, const char *path, struct stat *ret);

/* Read the status of the regular file @path below @root. Returns 0, -EINVAL if it is no regular
 * file, or another negative errno. */
int root_path_stat(int root, const char *path, struct stat *ret);

/* Read the regular file @path below @root into @ret, NUL-terminated. FIFOs and devices are never
 * opened. Returns the length, -EINVAL if it is no regular file, -E2BIG if there was more, -EAGAIN
 * if it has a lease (fcntl(2)), or another negative errno. */
ssize_t root_path_read_at(int root, const char *path, char *ret, size_t cap_bytes);

/* As root_path_read_at() inside the root of @pid. */
ssize_t root_path_read(int procfd, int32_t pid, const char *path, char *ret, size_t cap_bytes);

/* As root_path_read_at(), but a longer file is cut instead of refused. */
ssize_t root_path_read_start(int root, const char *path, char *ret, size_t cap_bytes);

/* Read the names in directory @path below @root. Returns 0 (free with root_list_done()) or a
 * negative errno. */
int root_path_list(int root, const char *path, struct root_list *ret);

/* The next entry. Returns false at the end. */
bool root_list_next(struct root_list *l, struct root_entry *ret);
void root_list_done(struct root_list *l);

#define AUTO_ROOT_LIST __attribute__((cleanup(root_list_done)))

#endif
