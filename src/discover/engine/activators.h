/* SPDX-License-Identifier: MIT */
/* Engines that systemd starts when somebody connects: Podman's, of the host, of users, and within
 * containers (contract 6.2). A systemd that listens at a path ending in "/podman.sock", and has no
 * podman for it, is connected to; the podman it starts is then found as any engine. */
#ifndef DISCOVER_ACTIVATORS_H
#define DISCOVER_ACTIVATORS_H

#include <stddef.h>
#include <stdint.h>

#include "discover/engine/engine.h"
#include "discover/host/proc_table.h"

#define ACTIVATORS_MAX 32 /* instances of systemd; the oldest ones */

struct activator {
	struct engine_env *env;
	int32_t pid; /* 0 = free */
	uint64_t starttime_ticks;
	int64_t look_ns; /* its sockets are not looked at before */
	int64_t pause_ns;
	int fd;                       /* owned; the socket that is connected to, -1 = none */
	struct http_request *request; /* NULL = none under way */
};

/* Zero-initialise. Must stay in place. */
struct activators {
	struct activator v[ACTIVATORS_MAX];
};

/* Forget instances that have ended, look at new ones, and at known ones from time to time. */
void activators_update(
	struct activators *a, struct engine_env *env, const struct proc_table *procs);
void activators_done(struct activators *a);

#endif
