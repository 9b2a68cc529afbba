/* SPDX-License-Identifier: MIT */
#include "broker/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "broker/mount_place.h"
#include "broker/process.h"
#include "files/root_path.h"

void netns_done(struct netns *n)
{
	close_p(&n->ns_fd);
	close_p(&n->pidfd);
	n->ns_fd = n->pidfd = -1;
}

/* Find the place where the namespace of @ref is mounted. The path is the kernel's own word about
 * that mount namespace, walked inside its root by the worker process: a directory on the way may
 * belong to a file system that does not answer. */
static int open_mounted(int procfd, const struct ns_ref *ref)
{
	AUTO_FREE char *path = NULL;
	int rc = mount_place(procfd, ref, &path);

	return rc < 0 ? rc : root_path_open(procfd, (int32_t) ref->pid, path);
}

static int open_namespace(int procfd, const struct ns_ref *ref)
{
	char name[64];
	int fd;

	switch ((enum ns_ref_kind) ref->kind) {
	case NS_REF_PROC:
		(void) snprintf(name, sizeof(name), "%" PRIu32 "/ns/net", ref->pid);
		break;
	case NS_REF_FD:
		(void) snprintf(
			name, sizeof(name), "%" PRIu32 "/fd/%" PRIu32, ref->pid, ref->index);
		break;
	case NS_REF_MOUNT:
		return open_mounted(procfd, ref);
	case NS_REF_END:
	default:
		return -EINVAL;
	}
	/* O_PATH first: opening whatever a process holds could block or have effects */
	fd = openat(procfd, name, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Is @fd the file of number @inode in the file system of namespaces? Another one is not asked about
 * its files, and none of them is opened: it may be one that never answers. */
static bool is_on_nsfs(int procfd, int fd, uint64_t inode)
{
	struct statx own, st;

	return statx(procfd, "self/ns/net", 0, STATX_INO, &own) == 0 &&
	       statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &st) == 0 &&
	       st.stx_dev_major == own.stx_dev_major && st.stx_dev_minor == own.stx_dev_minor &&
	       st.stx_ino == inode;
}

/* Make sure that @fd is the nsfs file with the inode of @ref, and a network namespace. Gives back a
 * descriptor that setns(2) takes. */
static int check_namespace(int procfd, int fd, const struct ns_ref *ref, struct err *e)
{
	AUTO_CLOSE int ns = -1;
	struct stat st;
	char name[64];

	if (!is_on_nsfs(procfd, fd, ref->inode))
		return err_set(e, -EXDEV, "network namespace %" PRIu64 " is not there any more",
			ref->inode);
	(void) snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	ns = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (ns < 0)
		return err_sys(e, -errno, "network namespace %" PRIu64, ref->inode);
	if (ioctl(ns, NS_GET_NSTYPE) != CLONE_NEWNET || fstat(ns, &st) < 0 ||
		st.st_ino != ref->inode)
		return err_set(e, -EXDEV, "%" PRIu64 " is no network namespace", ref->inode);
	return TAKE_FD(ns);
}

int netns_pin(int procfd, const struct ns_ref *ref, struct netns *ret, struct err *e)
{
	AUTO_CLOSE int pidfd = process_hold(procfd, ref->pid, ref->starttime_ticks, e);
	AUTO_CLOSE int path = -1;
	AUTO_CLOSE int ns = -1;

	if (pidfd < 0)
		return pidfd;
	path = open_namespace(procfd, ref);
	if (path < 0)
		return err_sys(e, path == -ENOENT ? -ESRCH : path, "network namespace %" PRIu64,
			ref->inode);
	ns = check_namespace(procfd, path, ref, e);
	if (ns < 0)
		return ns;
	/* everything above was read by number: it was this process if it lives until now */
	if (!process_lives(pidfd))
		return err_set(e, -ESRCH, "process %" PRIu32 " has ended", ref->pid);
	ret->ns_fd = TAKE_FD(ns);
	ret->pidfd = TAKE_FD(pidfd);
	return 0;
}

int netns_socket(const struct netns *n, int own_ns_fd, const struct netns_socket *s, struct err *e)
{
	int fd, rc;

	if (setns(n->ns_fd, CLONE_NEWNET) < 0)
		return err_sys(e, -errno, "cannot enter the network namespace");
	fd = socket(s->domain, s->type | SOCK_CLOEXEC, s->protocol);
	rc = -errno;
	if (setns(own_ns_fd, CLONE_NEWNET) < 0) {
		/* everything later would happen in somebody else's network */
		log_error("cannot leave a network namespace, ending");
		abort();
	}
	return fd < 0 ? err_sys(e, rc, "cannot make a socket in the network namespace") : fd;
}
