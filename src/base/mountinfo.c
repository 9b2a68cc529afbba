/* SPDX-License-Identifier: MIT */
#include "base/mountinfo.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/ns_link.h"

/* Copy the blank-terminated word at @s into @ret. Returns what follows the blank, NULL when the
 * word does not fit or nothing follows. */
static const char *take_word(const char *s, char *ret, size_t cap_bytes)
{
	size_t n = strcspn(s, " \n");

	if (s[n] != ' ' || n == 0 || n >= cap_bytes)
		return NULL;
	memcpy(ret, s, n);
	ret[n] = '\0';
	return s + n + 1;
}

static const char *skip_word(const char *s)
{
	size_t n = strcspn(s, " \n");

	return s[n] == ' ' && n > 0 ? s + n + 1 : NULL;
}

static const char *take_number(const char *s, uint32_t *ret)
{
	char word[16], *end;
	unsigned long v;

	s = take_word(s, word, sizeof(word));
	if (!s || word[0] < '0' || word[0] > '9')
		return NULL;
	v = strtoul(word, &end, 10);
	if (*end != '\0' || v > UINT32_MAX)
		return NULL;
	*ret = (uint32_t) v;
	return s;
}

static bool is_octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' &&
	       s[2] <= '7';
}

/* The kernel writes blank, tab, newline and backslash as \OOO. In place. */
static void unescape(char *s)
{
	char *out = s;

	while (*s) {
		int v = 0;

		if (s[0] == '\\' && is_octal(s + 1))
			v = (s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0');
		*out++ = v ? (char) v : *s;
		s += v ? 4 : 1;
	}
	*out = '\0';
}

int mountinfo_parse(const char *line, struct nsfs_mount *ret)
{
	char root[64], point[MOUNTINFO_POINT_MAX];
	const char *s = line;
	uint64_t inode;
	uint32_t id;

	s = take_number(s, &id);
	s = s ? skip_word(s) : NULL; /* parent mount */
	s = s ? skip_word(s) : NULL; /* device */
	s = s ? take_word(s, root, sizeof(root)) : NULL;
	if (!s)
		return 0;
	inode = ns_link_inode(root, "net");
	/* a directory may be called like that, but roots of other file systems begin with '/' */
	if (inode == 0 || !take_word(s, point, sizeof(point)) || point[0] != '/')
		return 0;
	unescape(point);
	ret->netns = inode;
	ret->mount_id = id;
	memcpy(ret->point, point, strlen(point) + 1);
	return 1;
}
