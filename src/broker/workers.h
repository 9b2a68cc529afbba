/* SPDX-License-Identifier: MIT */
/* Processes that the service has requested and that run until they end or the service has them
 * killed: digs, or compilers. One list for each kind. */
#ifndef BROKER_WORKERS_H
#define BROKER_WORKERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WORKERS_MAX 8 /* of one kind at once */

struct workers {
	struct worker {
		uint32_t id; /* the service's name for it */
		pid_t pid;
	} v[WORKERS_MAX];
	size_t n;
};

/* May another one be started? Returns 0, -EBUSY, or -EEXIST if @id runs already. */
int workers_admit(const struct workers *l, uint32_t id);

/* Note that @pid runs as @id; workers_admit() has said yes. */
void workers_add(struct workers *l, uint32_t id, pid_t pid);

/* Kill @id, if it runs. It stays in the list until it is reaped, so that its pid cannot come to
 * mean another process. */
void workers_kill(struct workers *l, uint32_t id);

/* Kill all: their service has ended, and the next one counts anew. */
void workers_kill_all(struct workers *l);

/* Process @pid was reaped: forget it, if it was one of these. */
void workers_ended(struct workers *l, pid_t pid);

#endif
