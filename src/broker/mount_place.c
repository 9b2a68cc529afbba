/* SPDX-License-Identifier: MIT */
#include "broker/mount_place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mountinfo.h"
#include "base/own.h"

static FILE *open_mountinfo(int procfd, uint32_t pid)
{
	char name[32];
	FILE *f;
	int fd;

	(void) snprintf(name, sizeof(name), "%" PRIu32 "/mountinfo", pid);
	fd = openat(procfd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	f = fdopen(fd, "r");
	if (!f)
		(void) close(fd);
	return f;
}

int mount_place(int procfd, const struct ns_ref *ref, char **ret)
{
	AUTO_FCLOSE FILE *f = open_mountinfo(procfd, ref->pid);
	AUTO_FREE char *line = NULL;
	struct nsfs_mount m;
	size_t cap = 0;

	if (!f)
		return -errno;
	while (getline(&line, &cap, f) >= 0) {
		if (mountinfo_parse(line, &m) != 1 || m.mount_id != ref->index ||
			m.netns != ref->inode)
			continue;
		*ret = strdup(m.point);
		return *ret ? 0 : -ENOMEM;
	}
	return -ENOENT;
}
