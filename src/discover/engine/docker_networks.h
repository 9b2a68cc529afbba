/* SPDX-License-Identifier: MIT */
/* Brings the networks of a Docker-compatible engine up to date: the list of all, then for networks
 * of driver passthrough, whose interfaces move into containers, who is attached. */
#ifndef DISCOVER_DOCKER_NETWORKS_H
#define DISCOVER_DOCKER_NETWORKS_H

#include <stdbool.h>

#include "discover/engine/docker_end.h"
#include "discover/engine/engine.h"

/* A zeroed struct is one that was never set up. */
struct docker_networks {
	struct engine *engine;
	const struct docker_end *end;
	struct http_request *request; /* NULL = nothing is being asked */
	struct engine_networks next;  /* being put together */
	size_t looked;                /* how many of @next were looked at for endpoints */
	void (*done_fn)(void *ctx);
	void *ctx;
};

/* Fill all of @n; nothing is queried yet. @done_fn(@ctx) reports the end of a query. */
void docker_networks_init(struct docker_networks *n, struct engine *engine,
	const struct docker_end *end, void (*done_fn)(void *ctx), void *ctx);

/* Query the networks; at the end, also after a failure, @n->done_fn is called, never from inside
 * this function. The engine's networks are replaced on success only. Returns false when no query
 * could be made. @n->request must be NULL. */
bool docker_networks_ask(struct docker_networks *n);

/* Cancel a query under way. Does nothing without one, and on a zeroed struct. */
void docker_networks_stop(struct docker_networks *n);

#endif
