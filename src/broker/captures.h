/* SPDX-License-Identifier: MIT */
/* The captures that run: one reader each. What a peer can make the broker keep is bounded here, a
 * second time after the service's own admission. */
#ifndef BROKER_CAPTURES_H
#define BROKER_CAPTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct capture_limits {
	uint64_t memory_bytes; /* ring and stream buffers of all captures together */
	uint32_t max_captures;
};

struct running_capture {
	uint32_t id;    /* the service's name for it */
	uint32_t epoch; /* which incarnation of the service asked for it */
	pid_t reader;
	int target_pidfd; /* owned, -1 after the process of the target ended */
	uint64_t bytes;   /* its share of the memory */
};

struct captures {
	struct capture_limits limits;
	struct running_capture *all; /* owned */
	size_t n, cap;
	uint64_t bytes;
};

/* May another one with @bytes be started? Returns 0, -EBUSY or -ENOMEM; -EEXIST if @id of @epoch
 * runs already. */
int captures_admit(const struct captures *c, uint32_t id, uint32_t epoch, uint64_t bytes);

/* Add @r, whose target_pidfd then belongs to @c. Returns 0 or -ENOMEM. */
int captures_add(struct captures *c, const struct running_capture *r);

/* By the service's id or by the reader's pid; NULL if there is none. Valid until the next change.
 */
struct running_capture *captures_find(struct captures *c, uint32_t id, uint32_t epoch);
struct running_capture *captures_find_reader(struct captures *c, pid_t reader);

/* Forget @r, an element of @c. */
void captures_remove(struct captures *c, struct running_capture *r);

void captures_done(struct captures *c);

#endif
