/* SPDX-License-Identifier: MIT */
/* Operation: the host names of up to seven UTS namespaces, for discover.
 *
 * Why serving it is safe: a host name is no secret to a process that may look into all others (it
 * can read it in the memory of any process there), only the kernel tells it to members of the
 * namespace alone. A UTS namespace holds two texts and nothing else: while the broker is in a
 * foreign one, nothing it does depends on that. The request names a namespace by inode and a
 * process in it by pid and start time; all are checked again here, and that it is a UTS namespace.
 * Nothing is changed, no descriptor is handed out, and the broker is back before it answers; if it
 * cannot get back, it ends. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "broker/broker.h"
#include "broker/process.h"
#include "broker/uts.h"

/* The namespace of @ref, held; or a negative errno. */
static int open_uts(int procfd, const struct uts_ref *ref)
{
	AUTO_CLOSE int fd = -1;
	char name[32];
	struct stat st;

	(void) snprintf(name, sizeof(name), "%" PRIu32 "/ns/uts", ref->pid);
	fd = openat(procfd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_ino != ref->inode || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWUTS)
		return -EXDEV;
	return TAKE_FD(fd);
}

/* Leaves @ret as it is when there is nothing to tell. */
static void tell_name(struct broker *b, const struct uts_ref *ref, char *ret, size_t cap_bytes)
{
	AUTO_CLOSE int pidfd = process_hold(b->procfd, ref->pid, ref->starttime_ticks, NULL);
	AUTO_CLOSE int fd = pidfd < 0 ? -1 : open_uts(b->procfd, ref);
	struct utsname u;

	if (fd >= 0 && process_lives(pidfd) && uts_name(fd, b->own_uts_fd, &u) == 0)
		(void) snprintf(ret, cap_bytes, "%.*s", MSG_UTS_NAME_BYTES - 1, u.nodename);
}

void op_uts_names(struct broker *b, uint32_t id, const struct msg_uts_refs *refs)
{
	struct msg answer = {.op = MSG_UTS_NAMES_TOLD, .id = id};
	struct msg_uts_names *names = &answer.u.uts_names;

	names->n = refs->n;
	for (size_t i = 0; i < refs->n; i++)
		tell_name(b, &refs->v[i], names->v[i], sizeof(names->v[i]));
	/* a full queue means discover does not read its answers: it does without the names */
	(void) msg_send(b->discover.channel, &answer, NULL, 0);
}
