/* SPDX-License-Identifier: MIT */
/* Listens to what a Docker-compatible engine announces about its containers. What an event says is
 * not looked at: any is a reason to ask the engine again. Reconnects with growing pauses. */
#ifndef DISCOVER_DOCKER_EVENTS_H
#define DISCOVER_DOCKER_EVENTS_H

#include "discover/engine/docker_probe.h"
#include "discover/engine/engine.h"

struct docker_events {
	struct engine_env *env;
	const struct docker_end *end;
	struct http_request *request; /* NULL between connections */
	struct loop_timer retry;
	int64_t pause_ns; /* before the next connection */
};

/* Listen at @end (borrowed until docker_events_stop()); @ev must stay in place. Events are reported
 * to @env->change_fn. */
void docker_events_start(
	struct docker_events *ev, struct engine_env *env, const struct docker_end *end);

/* Fine on a zeroed struct. */
void docker_events_stop(struct docker_events *ev);

#endif
