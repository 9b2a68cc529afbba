/* SPDX-License-Identifier: MIT */
/* Pauses between tries of something that fails: each twice as long as the one before, up to a
 * longest. */
#ifndef LOOP_BACKOFF_H
#define LOOP_BACKOFF_H

#include <stdint.h>

#include "loop/loop.h"

struct backoff {
	struct loop *loop;
	struct loop_timer timer;
	int64_t first_ns, max_ns;
	int64_t pause_ns; /* the next one */
};

/* @b must stay in place while it waits; @loop is borrowed until then. */
void backoff_init(struct backoff *b, struct loop *loop, int64_t first_ns, int64_t max_ns,
	void (*try_fn)(void *ctx), void *ctx);

/* A try has failed: call try_fn(ctx) once after a pause. */
void backoff_wait(struct backoff *b);

/* Wait no longer. The next pause is as long as it would have been. */
void backoff_cancel(struct backoff *b);

/* It works now: the next pause is the first again. Does not touch one under way. */
void backoff_reset(struct backoff *b);

#endif
