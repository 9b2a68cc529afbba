/* SPDX-License-Identifier: MIT */
/* Watches mounts by polling mountinfo: those of the host, ours, and those of mount namespaces in
 * which something is mounted that matters. */
#ifndef DISCOVER_LIVE_MOUNTS_H
#define DISCOVER_LIVE_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "discover/host/held.h"
#include "discover/host/id_set.h"
#include "discover/host/proc_table.h"
#include "loop/loop.h"

#define LIVE_MOUNTS_MAX 32 /* mount namespaces that are watched */

struct live_mounts {
	struct loop *loop;
	int procfd;
	const struct proc_self *self;
	void (*changed_fn)(void *ctx); /* called when there is something to look at */
	void *ctx;
	struct live_mount_watch {
		struct loop_source src; /* src.fd: owned, -1 = free */
		struct live_mounts *all;
		uint64_t mntns;
		int32_t pid; /* by whose mountinfo it is watched */
		bool has_changed;
	} v[LIVE_MOUNTS_MAX];
};

/* Everything is borrowed until live_mounts_done(); the caller sets @changed_fn and @ctx. @m must
 * not move. */
void live_mounts_init(
	struct live_mounts *m, struct loop *loop, int procfd, const struct proc_self *self);
void live_mounts_done(struct live_mounts *m);

/* Watch what @held tells of, NULL = nothing. */
void live_mounts_use(struct live_mounts *m, const struct held_list *held);

/* True if there is something to look at. */
bool live_mounts_have_changed(const struct live_mounts *m);

/* Look, and add the mount namespaces in which other things that matter are mounted now than @held
 * says to @ret. Returns how many there were. */
size_t live_mounts_look(struct live_mounts *m, const struct held_list *held, struct id_set *ret);

#endif
