/* SPDX-License-Identifier: MIT */
/* Brings the networks of a Docker-compatible engine up to date: the list of all, then for networks
 * of driver passthrough, whose interfaces move into containers, who is attached. */
#ifndef DISCOVER_DOCKER_NETWORKS_H
#define DISCOVER_DOCKER_NETWORKS_H

#include <stdbool.h>

#include "discover/engine/docker_end.h"
#include "discover/engine/engine.h"

struct docker_networks {
	struct engine *engine;
	const struct docker_end *end;
	struct http_request *request; /* NULL = nothing is being asked */
	struct engine_networks next;  /* being put together */
	size_t looked;                /* how many of @next were looked at for endpoints */
	void (*done_fn)(void *ctx);
	void *ctx;
};

/* Ask; when done, be it without success, @n->done_fn is called, never from inside this function.
 * The engine's networks are replaced on success alone. Returns false when nothing could be asked.
 * @n->engine, end, done_fn and ctx are set by the caller; @n->request must be NULL. */
bool docker_networks_ask(struct docker_networks *n);

/* Ask no longer. Fine when nothing is asked. */
void docker_networks_stop(struct docker_networks *n);

#endif
