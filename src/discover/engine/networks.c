/* SPDX-License-Identifier: MIT */
#include "discover/engine/networks.h"

#include <stdlib.h>
#include <string.h>

void engine_networks_done(struct engine_networks *n)
{
	for (size_t i = 0; i < n->n; i++) {
		labels_done(&n->v[i].labels);
		free(n->v[i].endpoints);
	}
	free(n->v);
	*n = (struct engine_networks){0};
}

bool engine_network_moves_nif(const struct engine_network *n)
{
	return strncmp(n->driver, "passthrough", 11) == 0 &&
	       (n->driver[11] == '\0' || n->driver[11] == ':');
}
