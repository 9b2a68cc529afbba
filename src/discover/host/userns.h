/* SPDX-License-Identifier: MIT */
/* Who owns user namespaces (ioctl_ns(2)). */
#ifndef DISCOVER_USERNS_H
#define DISCOVER_USERNS_H

#include <stdbool.h>
#include <stdint.h>

/* True if process @pid is in a user namespace that user @uid made, or in one below such a
 * namespace. Our own user namespace and those above it do not count. False also when it cannot be
 * read.
 * @procfd is a directory descriptor of a proc file system. */
bool userns_is_of(int procfd, int32_t pid, uint32_t uid);

#endif
