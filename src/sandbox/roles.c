/* SPDX-License-Identifier: MIT */
#include "sandbox/roles.h"

#include <linux/capability.h>
#include <unistd.h>

#include "sandbox/drop.h"

#define CAP(name) (1ULL << CAP_##name)

/* A scan opens a handful. An engine may have 16 sockets tried at once, each with a connection, or a
 * dozen questions and streams under way; 32 of them must leave something to publish with. */
#define DISCOVER_FILES_MAX 4096

int role_enter_broker(struct err *e)
{
	const struct sandbox_drop drop = {
		.empty_root_fd = -1,
		.keep_caps = CAP(SYS_ADMIN) | CAP(NET_RAW) | CAP(NET_ADMIN) | CAP(NET_BROADCAST) |
			     CAP(SYS_PTRACE) | CAP(SYS_CHROOT) | CAP(SETUID) | CAP(SETGID) |
			     CAP(SETPCAP) | CAP(KILL) | CAP(DAC_READ_SEARCH) | CAP(DAC_OVERRIDE),
	};
	int rc = sandbox_drop(&drop, e);

	return rc < 0 ? rc : seccomp_broker(e);
}

/* Reading the links in /proc/PID/ns and /proc/PID/fd of others is a matter of CAP_SYS_PTRACE;
 * directories and engine sockets of other users are a matter of the other two. */
int role_enter_discover(struct err *e)
{
	const struct sandbox_drop drop = {
		.empty_root_fd = -1,
		.dies_with_parent = true,
		.keep_caps = CAP(SYS_PTRACE) | CAP(DAC_READ_SEARCH) | CAP(DAC_OVERRIDE),
		.max_files = DISCOVER_FILES_MAX,
	};
	int rc = sandbox_drop(&drop, e);

	return rc < 0 ? rc : seccomp_discover(e);
}

int role_enter_service(
	int empty_root_fd, const struct sandbox_ids *ids, bool connects, struct err *e)
{
	const struct sandbox_drop drop = {
		.empty_root_fd = empty_root_fd,
		.ids = ids,
		.dies_with_parent = true,
		/* no limit on file sizes: standard error may well be a log file */
		.no_new_processes = true,
	};
	int rc = sandbox_drop(&drop, e);

	(void) close(empty_root_fd);
	return rc < 0 ? rc : seccomp_service(connects, e);
}

/* For processes of our own code that meet bytes of others: nothing stays. */
static int keep_nothing(const struct role_place *place, struct err *e)
{
	const struct sandbox_drop drop = {
		.empty_root_fd = place->empty_root_fd,
		.ids = &place->ids,
		.dies_with_parent = true,
		.max_files = place->max_files,
		.no_new_files = true,
		.no_new_processes = true,
	};
	int rc = sandbox_drop(&drop, e);

	(void) close(place->empty_root_fd);
	return rc;
}

int role_enter_reader(const struct role_place *place, struct err *e)
{
	return keep_nothing(place, e);
}

int role_enter_dig(const struct role_place *place, const struct seccomp_dig_fds *fds, struct err *e)
{
	int rc = keep_nothing(place, e);

	return rc < 0 ? rc : seccomp_dig(fds, e);
}

int role_enter_compile(const struct role_place *place, struct err *e)
{
	int rc = keep_nothing(place, e);

	return rc < 0 ? rc : seccomp_compile(e);
}
