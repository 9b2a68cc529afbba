/* SPDX-License-Identifier: MIT */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/own.h"

ssize_t io_read_all(int fd, char *ret, size_t cap_bytes)
{
	size_t len = 0;

	for (;;) {
		ssize_t n = read(fd, ret + len, cap_bytes - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t) n;
		if (len == cap_bytes)
			return -E2BIG;
	}
	ret[len] = '\0';
	return (ssize_t) len;
}

ssize_t io_read_file(int dirfd, const char *path, char *ret, size_t cap_bytes)
{
	AUTO_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return io_read_all(fd, ret, cap_bytes);
}
