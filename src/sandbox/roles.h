/* SPDX-License-Identifier: MIT */
/* How each role enters its sandbox: what it keeps, then its system call table. The programs and the
 * tests that try to break out use the same functions. Each returns 0, or a negative errno with
 * words in @e: the caller must then end. */
#ifndef SANDBOX_ROLES_H
#define SANDBOX_ROLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sandbox/ids.h"
#include "sandbox/seccomp.h"

/* The broker keeps what its operations and its children need. */
int role_enter_broker(struct err *e);

/* discover keeps the right to look into other processes and to reach engines of other users. The
 * root stays: it is where /proc is, and every process's files are below that. */
int role_enter_discover(struct err *e);

/* The service keeps nothing; @empty_root_fd becomes its root and is closed, @ids its user.
 * @connects as seccomp_service(). */
int role_enter_service(
	int empty_root_fd, const struct sandbox_ids *ids, bool connects, struct err *e);

/* Where a process without any right ends up. */
struct role_place {
	int empty_root_fd;  /* becomes its root, and is closed */
	uint32_t max_files; /* no descriptor from this number on can be made */
	struct sandbox_ids ids;
};

/* The reader keeps nothing. It still lists links and maps its ring, then calls seccomp_reader(). */
int role_enter_reader(const struct role_place *place, struct err *e);

/* A compiler keeps nothing, and its sandbox is complete. */
int role_enter_compile(const struct role_place *place, struct err *e);

/* A dig keeps nothing, and its sandbox is complete: as role_enter_reader(), then seccomp_dig(). */
int role_enter_dig(
	const struct role_place *place, const struct seccomp_dig_fds *fds, struct err *e);

#endif
