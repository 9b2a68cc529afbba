/* SPDX-License-Identifier: MIT */
/* Listens to what a Docker-compatible engine announces. What an event says is
 * not looked at: any is a reason to ask the engine again. Reconnects with growing pauses. */
#ifndef DISCOVER_DOCKER_EVENTS_H
#define DISCOVER_DOCKER_EVENTS_H

#include "loop/backoff.h"
#include "discover/engine/docker_probe.h"
#include "discover/engine/engine.h"

struct docker_events {
	struct engine_env *env;
	const struct docker_end *end;
	const char *filters;         /* of the API, URL encoded; static */
	void (*event_fn)(void *ctx); /* something was announced */
	void *ctx;
	struct http_request *request; /* NULL between connections */
	struct backoff retry;
	uint32_t connections; /* grows: between two values something may have been missed */
};

/* Listen. @ev must stay in place; its first five members are set by the caller, the rest is zero.
 * What they point to is borrowed until docker_events_stop(). */
void docker_events_start(struct docker_events *ev);

/* Fine on a zeroed struct. */
void docker_events_stop(struct docker_events *ev);

#endif
