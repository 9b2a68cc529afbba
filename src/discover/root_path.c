/* SPDX-License-Identifier: MIT */
#include "discover/root_path.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"
#include "base/own.h"

int root_path_open(int procfd, int32_t pid, const char *path, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	char root[32];
	AUTO_CLOSE int rootfd = -1;
	long fd;

	(void) snprintf(root, sizeof(root), "%" PRId32 "/root", pid);
	rootfd = openat(procfd, root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rootfd < 0)
		return -errno;
	fd = syscall(SYS_openat2, rootfd, path, &how, sizeof(how));
	return fd < 0 ? -errno : (int) fd;
}

ssize_t root_path_read(int procfd, int32_t pid, const char *path, char *ret, size_t cap_bytes)
{
	AUTO_CLOSE int fd = root_path_open(procfd, pid, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return io_read_all(fd, ret, cap_bytes);
}
