/* SPDX-License-Identifier: MIT */
#include "discover/engine/docker_end.h"

#include <stdio.h>

#define PATH_MAX_BYTES 384

static struct http_request *ask(
	const struct docker_end *end, struct http *http, struct http_get *get, const char *path)
{
	get->socket_fd = end->fd;
	get->peer = end->peer;
	get->path = path;
	return http_start(http, get);
}

struct http_request *docker_end_ask(
	const struct docker_end *end, struct http *http, struct http_get *get, const char *path)
{
	char full[PATH_MAX_BYTES];

	(void) snprintf(full, sizeof(full), "/v%s%s", end->version.api, path);
	return ask(end, http, get, full);
}

struct http_request *docker_end_ask_libpod(
	const struct docker_end *end, struct http *http, struct http_get *get, const char *path)
{
	char full[PATH_MAX_BYTES];

	if (end->version.libpod[0] == '\0')
		return NULL;
	(void) snprintf(full, sizeof(full), "/v%s/libpod%s", end->version.libpod, path);
	return ask(end, http, get, full);
}
