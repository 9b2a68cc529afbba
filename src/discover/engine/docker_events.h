/* SPDX-License-Identifier: MIT */
/* The event stream of a Docker-compatible engine. The content of an event is not read: any event
 * means that the engine must be queried again. Reconnects with growing pauses. */
#ifndef DISCOVER_DOCKER_EVENTS_H
#define DISCOVER_DOCKER_EVENTS_H

#include "loop/backoff.h"
#include "discover/engine/docker_probe.h"
#include "discover/engine/engine.h"

/* The subject of a stream and the receiver of its events. */
struct docker_events_conf {
	struct engine_env *env;
	const struct docker_end *end;
	const char *filters;         /* of the API, URL encoded; static */
	void (*event_fn)(void *ctx); /* an event has come in, or some may have been missed */
	void *ctx;
};

/* A zeroed struct is a stream that was never started. */
struct docker_events {
	struct docker_events_conf conf;
	struct http_request *request; /* NULL between connections */
	struct backoff retry;
	uint32_t connections; /* grows: between two values something may have been missed */
};

/* Start the stream. This is the only function that fills @ev, and it fills all of it, so a stream
 * is either complete or zeroed. @ev must stay in place; what *@conf points to is borrowed until
 * docker_events_stop(). */
void docker_events_start(struct docker_events *ev, const struct docker_events_conf *conf);

/* End the stream; @ev is zeroed. Does nothing on a zeroed struct. */
void docker_events_stop(struct docker_events *ev);

#endif
