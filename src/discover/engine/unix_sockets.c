/* SPDX-License-Identifier: MIT */
#include "discover/engine/unix_sockets.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FLAG_LISTENING "00010000" /* __SO_ACCEPTCON */
#define TYPE_STREAM    "0001"

const char *unix_sockets_parse(const char *line, uint64_t *ret_inode)
{
	char flags[9], type[5], inode[21];
	int path = 0;

	/* Num: RefCount Protocol Flags Type St Inode Path */
	if (sscanf(line, "%*[0-9a-fA-F]: %*8s %*8s %8s %4s %*2s %20[0-9] %n", flags, type, inode,
		    &path) != 3 ||
		path == 0)
		return NULL;
	if (strcmp(flags, FLAG_LISTENING) != 0 || strcmp(type, TYPE_STREAM) != 0 ||
		line[path] != '/')
		return NULL;
	return sscanf(inode, "%" SCNu64, ret_inode) == 1 ? line + path : NULL;
}
