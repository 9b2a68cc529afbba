/* SPDX-License-Identifier: MIT */
#include "discover/container.h"

#include <stdlib.h>

void container_list_done(struct container_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].name);
		free(l->v[i].prefix);
		free(l->v[i].pod);
	}
	free(l->v);
	*l = (struct container_list) {0};
}
