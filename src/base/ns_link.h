/* SPDX-License-Identifier: MIT */
/* The text of namespace links such as "net:[4026531840]" (namespaces(7)), as found in
 * /proc/PID/ns, in /proc/PID/fd and as the root of nsfs mounts. */
#ifndef BASE_NS_LINK_H
#define BASE_NS_LINK_H

#include <stdint.h>

/* The number in @text if it is exactly "@type:[NUMBER]", else 0. @type is "net", "socket", ... */
uint64_t ns_link_inode(const char *text, const char *type);

/* Read the link @path relative to @dirfd and take its number as above; 0 if it cannot be read. */
uint64_t ns_link_read(int dirfd, const char *path, const char *type);

#endif
