/* SPDX-License-Identifier: MIT */
/* Operation: in which network namespace the tun or tap device behind a descriptor lives, for
 * discover.
 *
 * Why serving it is safe: what is told is the number of a namespace, which discover can also read
 * of any process in it; no descriptor is handed out. The request names a process by pid and start
 * time and one of its descriptors. That is looked at without opening it, and only if it is the
 * device of tun and tap (character device 10:200) is it copied, asked one question that changes
 * nothing, and closed again. A copy is looked at once more, as the process may have put something
 * else in its place meanwhile: then nothing is done but closing the copy, which takes nothing from
 * the process. discover cannot do it itself: taking copies of others' descriptors is no right to be
 * had for some of them only. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "broker/broker.h"
#include "broker/process.h"

#define TUN_MAJOR 10 /* Documentation/networking/tuntap.rst */
#define TUN_MINOR 200

/* Is @path below @dirfd, or @dirfd itself if that is "", the device? Its file system is not asked:
 * it may be one that never answers. */
static bool is_tun(int dirfd, const char *path)
{
	struct statx st;

	return statx(dirfd, path, AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE,
		       &st) == 0 &&
	       S_ISCHR(st.stx_mode) && st.stx_rdev_major == TUN_MAJOR &&
	       st.stx_rdev_minor == TUN_MINOR;
}

/* A copy of the descriptor, or a negative errno. */
static int copy_tun(int procfd, int pidfd, const struct msg_tun *t)
{
	AUTO_CLOSE int fd = -1;
	char name[64];

	(void) snprintf(name, sizeof(name), "%" PRIu32 "/fd/%" PRIu32, t->pid, t->fd);
	if (!is_tun(procfd, name))
		return -EXDEV;
	fd = pidfd_getfd(pidfd, (int) t->fd, 0);
	if (fd < 0)
		return -errno;
	return is_tun(fd, "") ? TAKE_FD(fd) : -EXDEV;
}

/* The number of the namespace, 0 if it cannot be told. */
static uint64_t find_netns(int procfd, const struct msg_tun *t)
{
	AUTO_CLOSE int pidfd = process_hold(procfd, t->pid, t->starttime_ticks, NULL);
	AUTO_CLOSE int tun = pidfd < 0 ? -1 : copy_tun(procfd, pidfd, t);
	AUTO_CLOSE int ns = -1;
	struct stat st;

	if (tun < 0)
		return 0;
	ns = ioctl(tun, TUNGETDEVNETNS);
	if (ns < 0 || ioctl(ns, NS_GET_NSTYPE) != CLONE_NEWNET || fstat(ns, &st) < 0)
		return 0;
	return st.st_ino;
}

void op_tun_ask(struct broker *b, uint32_t id, const struct msg_tun *t)
{
	struct msg answer = {.op = MSG_TUN_TOLD, .id = id};

	answer.u.tun_netns = find_netns(b->procfd, t);
	/* a full queue means discover does not read its answers: it does without */
	(void) msg_send(b->discover.channel, &answer, NULL, 0);
}
