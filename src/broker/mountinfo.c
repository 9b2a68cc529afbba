/* SPDX-License-Identifier: MIT */
#include "broker/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"

static bool is_octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' &&
	       s[2] <= '7';
}

/* Copy @len bytes of @s, turning the kernel's \ooo back into bytes. */
static int unescape(const char *s, size_t len, char *ret, size_t cap)
{
	size_t o = 0;

	for (size_t i = 0; i < len; i++) {
		char ch = s[i];

		if (ch == '\\' && i + 3 < len && is_octal(s + i + 1)) {
			ch = (char) ((s[i + 1] - '0') << 6 | (s[i + 2] - '0') << 3 |
				     (s[i + 3] - '0'));
			i += 3;
		}
		if (o + 1 >= cap || ch == '\0')
			return -EBADMSG;
		ret[o++] = ch;
	}
	ret[o] = '\0';
	return 0;
}

/* Words: id, parent, major:minor, root, mount point, options, optional ones, "-", type, ... */
int mountinfo_match(const char *line, uint32_t mount_id, char *ret, size_t cap_bytes)
{
	const char *type = strstr(line, " - ");
	const char *w = line;
	uint32_t id;

	if (sscanf(line, "%" SCNu32, &id) != 1 || !type)
		return -EBADMSG;
	if (id != mount_id || strncmp(type + 3, "nsfs ", 5) != 0)
		return 0;
	for (int i = 0; i < 4; i++) {
		w = strchr(w, ' ');
		if (!w)
			return -EBADMSG;
		w++;
	}
	return unescape(w, strcspn(w, " "), ret, cap_bytes) < 0 ? -EBADMSG : 1;
}

int mountinfo_nsfs_path(int procfd, uint32_t pid, uint32_t mount_id, char **ret)
{
	AUTO_FCLOSE FILE *f = NULL;
	AUTO_FREE char *line = NULL;
	char name[32], path[PATH_MAX];
	size_t cap = 0;
	int fd;

	(void) snprintf(name, sizeof(name), "%" PRIu32 "/mountinfo", pid);
	fd = openat(procfd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	f = fdopen(fd, "r");
	if (!f) {
		(void) close(fd);
		return -ENOMEM;
	}
	while (getline(&line, &cap, f) >= 0) {
		int rc = mountinfo_match(line, mount_id, path, sizeof(path));

		if (rc < 0)
			return rc;
		if (rc > 0) {
			*ret = strdup(path);
			return *ret ? 0 : -ENOMEM;
		}
	}
	return -ENOENT;
}
