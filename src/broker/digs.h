/* SPDX-License-Identifier: MIT */
/* The digs that run: one process each. */
#ifndef BROKER_DIGS_H
#define BROKER_DIGS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DIGS_MAX 8 /* at once */

struct digs {
	struct running_dig {
		uint32_t id; /* the service's name for it */
		pid_t pid;
	} v[DIGS_MAX];
	size_t n;
};

/* May another one be started? Returns 0, -EBUSY, or -EEXIST if @id runs already. */
int digs_admit(const struct digs *d, uint32_t id);

/* Note that @pid runs as @id; digs_admit() has said yes. */
void digs_add(struct digs *d, uint32_t id, pid_t pid);

/* Kill @id, if it runs. It stays in the list until it is reaped, so that its pid cannot come to
 * mean another process. */
void digs_kill(struct digs *d, uint32_t id);

/* Kill all: their service has ended, and the next one counts anew. */
void digs_kill_all(struct digs *d);

/* Process @pid was reaped: forget it, if it was one of these. */
void digs_ended(struct digs *d, pid_t pid);

#endif
