/* SPDX-License-Identifier: MIT */
#include "base/ns_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint64_t ns_link_inode(const char *text, const char *type)
{
	size_t n = strlen(type);
	uint64_t v = 0;
	const char *p;

	if (strncmp(text, type, n) != 0 || text[n] != ':' || text[n + 1] != '[')
		return 0;
	for (p = text + n + 2; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t) (*p - '0');

		if (v > (UINT64_MAX - digit) / 10 || (v == 0 && p > text + n + 2))
			return 0;
		v = v * 10 + digit;
	}
	return p[0] == ']' && p[1] == '\0' ? v : 0;
}

uint64_t ns_link_read(int dirfd, const char *path, const char *type)
{
	char text[64];
	ssize_t n = readlinkat(dirfd, path, text, sizeof(text) - 1);

	if (n < 0)
		return 0;
	text[n] = '\0';
	return ns_link_inode(text, type);
}
