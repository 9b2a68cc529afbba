/* SPDX-License-Identifier: MIT */
/* Listening sockets in /proc/net/unix (proc_net(5)). No I/O. */
#ifndef DISCOVER_UNIX_SOCKETS_H
#define DISCOVER_UNIX_SOCKETS_H

#include <stdint.h>

/* Parse one line (without its newline). Returns the path, borrowed from @line, and the socket's
 * inode if the line is a listening stream socket with a path in a file system; else NULL with @ret
 * untouched. */
const char *unix_sockets_parse(const char *line, uint64_t *ret_inode);

#endif
