/* SPDX-License-Identifier: MIT */
/* Giving rights up, for good: root directory, ids, capabilities, resource limits. Each step is
 * checked and read back; any failure must end the process (it fails closed). */
#ifndef SANDBOX_DROP_H
#define SANDBOX_DROP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "sandbox/ids.h"

struct sandbox_drop {
	int empty_root_fd; /* directory to become the root and working directory; -1 keeps the root
			    */
	/* A process started as root becomes this user, without supplementary groups. Where its ids
	 * are not mapped (user_namespaces(7)) it becomes SANDBOX_NOBODY. NULL keeps uid and gid; a
	 * process started as another user keeps that user in any case. */
	const struct sandbox_ids *ids;
	bool dies_with_parent; /* SIGKILL when the parent ends, whatever this process does then */
	uint64_t keep_caps;    /* bit (1 << CAP_x) for every capability that stays; all others leave
				* the effective, permitted, inheritable, bounding and ambient sets */
	uint32_t max_files;    /* RLIMIT_NOFILE, 0 leaves it */
	bool no_new_files;     /* RLIMIT_FSIZE and RLIMIT_CORE 0 */
	bool no_new_processes; /* RLIMIT_NPROC 0 */
};

/* Make a read-only, empty file system that is mounted nowhere: a root directory for processes that
 * need none. Needs CAP_SYS_ADMIN (fsopen(2), fsmount(2)). Returns a close-on-exec directory
 * descriptor or a negative errno, with words in @e. */
int sandbox_empty_root(struct err *e);

/* Give up everything @d does not keep, and set no_new_privs and non-dumpable. The process must be
 * single-threaded. Returns 0, or a negative errno with words in @e: the caller must then end. */
int sandbox_drop(const struct sandbox_drop *d, struct err *e);

#endif
