/* SPDX-License-Identifier: MIT */
#include "service/http/route.h"

#include <string.h>

const struct route *route_find(const struct route *routes, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(routes[i].path, path) == 0)
			return &routes[i];
	}
	return NULL;
}
