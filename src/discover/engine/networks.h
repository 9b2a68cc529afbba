/* SPDX-License-Identifier: MIT */
/* The networks a container engine tells of (contract 2.11). The engine's networks live in the
 * network namespace of the engine's process: @nif names an interface there. */
#ifndef DISCOVER_NETWORKS_H
#define DISCOVER_NETWORKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/engine/engine_list.h"
#include "discover/engine/labels.h"

#define ENGINE_NETWORKS_MAX  4096 /* of one engine; more are left out */
#define ENGINE_ENDPOINTS_MAX 4096 /* of one network, as above */
#define NETWORK_NAME_MAX     256  /* bytes with NUL; longer ones are cut */
#define NETWORK_DRIVER_MAX   64
#define NETWORK_NIF_MAX      16

/* Where a container is attached. */
struct engine_endpoint {
	char id[ENGINE_ID_MAX]; /* of the container, in the list of the same engine */
	uint8_t mac[6];
};

struct engine_network {
	char id[ENGINE_ID_MAX];          /* "" = it has none but the name */
	char name[NETWORK_NAME_MAX];     /* clean UTF-8, not empty: the nif's alias */
	char driver[NETWORK_DRIVER_MAX]; /* "bridge", "macvlan", "passthrough", ...; clean UTF-8 */
	char nif[NETWORK_NIF_MAX];       /* clean UTF-8, "" = none */
	bool internal, default_bridge;
	/* All labels the nif gets: the network's own and those that say what it is
	 * (gostwire/network/name, gostwire/bridge/internal, ...). Owned. */
	struct labels labels;
	/* Of driver passthrough only, whose nif may have moved into a container: it is the one with
	 * this MAC address in the network namespace of that container. Owned. */
	struct engine_endpoint *endpoints;
	size_t n_endpoints;
};

struct engine_networks {
	struct engine_network *v; /* owned, by name */
	size_t n, cap;
};

/* True if containers take the network's interface over: drivers "passthrough" and
 * "passthrough:TAG". */
bool engine_network_moves_nif(const struct engine_network *n);

void engine_networks_done(struct engine_networks *n);

#endif
