/* SPDX-License-Identifier: MIT */
/* Which of an engine's sockets speaks the Docker API: all are asked at once, the first in
 * alphabetical order that answers is taken. */
#ifndef DISCOVER_DOCKER_PROBE_H
#define DISCOVER_DOCKER_PROBE_H

#include "discover/engine/docker_end.h"
#include "discover/engine/engine.h"

struct docker_probe;

/* Start looking; the path of what is found is set in @e. @done_fn is called once, never from inside
 * this function, with the end found (its descriptor then belongs to the callee) or with fd -1.
 * Returns NULL without memory or when the process's sockets cannot be read or are none. */
struct docker_probe *docker_probe_start(
	struct engine *e, void (*done_fn)(void *ctx, const struct docker_end *end), void *ctx);

/* Give up; NULL is fine. After @done_fn was called the probe is still the caller's to free;
 * @done_fn itself may do so. */
void docker_probe_free(struct docker_probe *p);

#endif
