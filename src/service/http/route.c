/* SPDX-License-Identifier: MIT */
#include "service/http/route.h"

#include <string.h>

const struct route *route_find(const struct route *routes, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(routes[i].path);

		if (strncmp(routes[i].path, path, len) == 0 &&
			(path[len] == '\0') != ((routes[i].flags & ROUTE_BELOW) != 0))
			return &routes[i];
	}
	return NULL;
}

const char *route_methods(const struct route *route)
{
	uint32_t flags = route ? route->flags : 0;

	if (flags & ROUTE_POST)
		return "POST";
	if (flags & ROUTE_DELETE)
		return "DELETE";
	return flags & ROUTE_WEBSOCKET ? "GET" : "GET, HEAD";
}

bool route_serves(const struct route *route, struct http_slice method)
{
	const char *methods = route_methods(route);
	struct http_slice list = {methods, strlen(methods)}, one;
	bool found = route && (route->flags & ROUTE_BODY);

	while (!found && http_slice_next(&list, &one))
		found = one.len_bytes == method.len_bytes &&
			memcmp(one.p, method.p, one.len_bytes) == 0;
	return found;
}
