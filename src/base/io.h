/* SPDX-License-Identifier: MIT */
/* Bounded reading of small files. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stddef.h>
#include <sys/types.h>

/* Read from @fd until the end of file into @ret, at most @cap_bytes - 1 bytes, and end it with NUL.
 * Returns the length, -E2BIG if there was more, or a negative errno. */
ssize_t io_read_all(int fd, char *ret, size_t cap_bytes);

/* Open @path relative to @dirfd read-only and io_read_all() it. */
ssize_t io_read_file(int dirfd, const char *path, char *ret, size_t cap_bytes);

#endif
