/* SPDX-License-Identifier: MIT */
#include "discover/host/netns_open.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "files/root_path.h"

int netns_open_place(int procfd, const struct netns *ns)
{
	const char *point = ns->place ? strstr(ns->place, NETNS_PLACE_MOUNT) : NULL;
	AUTO_CLOSE int fd = -1;
	struct stat st = {0};

	if (ns->ref.kind != NS_REF_MOUNT || !point)
		return -ENOENT;
	point += strlen(NETNS_PLACE_MOUNT);
	fd = root_path_find(procfd, (int32_t) ns->ref.pid, point, &st);
	return fd >= 0 && st.st_ino == ns->ref.inode ? TAKE_FD(fd) : -ENOENT;
}

static int open_path(int procfd, const struct netns *ns)
{
	char name[48];
	int fd;

	if (ns->ref.kind == NS_REF_MOUNT)
		return netns_open_place(procfd, ns);
	if (ns->ref.kind == NS_REF_FD)
		(void) snprintf(
			name, sizeof(name), "%" PRIu32 "/fd/%" PRIu32, ns->ref.pid, ns->ref.index);
	else
		(void) snprintf(name, sizeof(name), "%" PRIu32 "/ns/net", ns->ref.pid);
	fd = openat(procfd, name, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int netns_open(int procfd, const struct netns *ns)
{
	AUTO_CLOSE int place = open_path(procfd, ns);
	struct statx st, nsfs;
	char name[32];
	int fd;

	if (place < 0)
		return place;
	/* AT_STATX_DONT_SYNC: the descriptor of another process may be a file of a file system that
	 * does not answer */
	if (statx(procfd, "self/ns/net", 0, STATX_INO, &nsfs) < 0 ||
		statx(place, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &st) < 0)
		return -errno;
	if (st.stx_dev_major != nsfs.stx_dev_major || st.stx_dev_minor != nsfs.stx_dev_minor ||
		st.stx_ino != ns->ref.inode)
		return -ENOENT;
	(void) snprintf(name, sizeof(name), "self/fd/%d", place);
	fd = openat(procfd, name, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
