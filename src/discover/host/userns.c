/* SPDX-License-Identifier: MIT */
#include "discover/host/userns.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/ns_link.h"
#include "base/own.h"

#define DEPTH_MAX 34 /* the kernel nests 32 levels */

static uint64_t inode_of(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

bool userns_is_of(int procfd, int32_t pid, uint32_t uid)
{
	uint64_t ours = ns_link_read(procfd, "self/ns/user", "user");
	char path[32];
	int at;

	(void) snprintf(path, sizeof(path), "%" PRId32 "/ns/user", pid);
	at = openat(procfd, path, O_RDONLY | O_CLOEXEC);
	for (int depth = 0; ours != 0 && at >= 0 && depth < DEPTH_MAX; depth++) {
		AUTO_CLOSE int here = at;
		uint64_t inode = inode_of(here);
		uid_t owner;

		at = -1;
		if (inode == 0 || inode == ours || ioctl(here, NS_GET_OWNER_UID, &owner) < 0)
			return false;
		if (owner == uid)
			return true;
		at = ioctl(here, NS_GET_PARENT); /* fails above our own namespace */
	}
	close_p(&at);
	return false;
}
