/* SPDX-License-Identifier: MIT */
/* The captures that run: one reader each. What a peer can make the broker keep is bounded here, a
 * second time after the service's own admission. */
#ifndef BROKER_CAPTURES_H
#define BROKER_CAPTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/reader_fds.h"

struct capture_limits {
	uint64_t memory_bytes; /* ring and stream buffers of all captures together */
	uint32_t max_captures;
};

struct running_capture {
	uint32_t id;      /* the service's name for it */
	uint32_t epoch;   /* which incarnation of the service asked for it */
	uint32_t serial;  /* number of its watch, never used again */
	pid_t reader;     /* 0 after it was reaped */
	int target_pidfd; /* owned, -1 after the process of the target ended */
	bool is_exit_due; /* the end of the target is to be reported: see news.h */
	bool has_ended;   /* the same of the reader */
	int end_status;   /* of waitpid(2), if has_ended */
	uint64_t bytes;   /* its share of the memory */
	uint32_t ring_bytes;
	int spare_sockets[READER_SPARES]; /* owned: the reader's; -1 after a ring was made */
};

struct captures {
	struct capture_limits limits;
	struct running_capture *all; /* owned */
	size_t n, cap;
	uint64_t bytes;
	uint32_t last_serial;
};

/* May another one with @bytes be started? Returns 0, -EBUSY or -ENOMEM; -EEXIST if @id of @epoch
 * runs already. */
int captures_admit(const struct captures *c, uint32_t id, uint32_t epoch, uint64_t bytes);

/* Add @r, whose descriptors then belong to @c, and give it a serial. Returns the element, NULL
 * without memory. */
struct running_capture *captures_add(struct captures *c, const struct running_capture *r);

/* Account for a ring of @ring_bytes instead of @r's. Returns 0, -EINVAL when it is smaller, or
 * -ENOMEM when both do not fit at the same time. */
int captures_grow(struct captures *c, struct running_capture *r, uint32_t ring_bytes);

/* By the service's id, by the reader's pid, or by the number of its watch; NULL if there is none.
 * Valid until the next change.
 */
struct running_capture *captures_find(struct captures *c, uint32_t id, uint32_t epoch);
struct running_capture *captures_find_reader(struct captures *c, pid_t reader);
struct running_capture *captures_find_serial(struct captures *c, uint32_t serial);

/* Forget @r, an element of @c. */
void captures_remove(struct captures *c, struct running_capture *r);

void captures_done(struct captures *c);

#endif
