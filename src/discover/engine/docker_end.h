/* SPDX-License-Identifier: MIT */
/* The end at which a Docker-compatible engine is talked to. */
#ifndef DISCOVER_DOCKER_END_H
#define DISCOVER_DOCKER_END_H

#include <stdint.h>

#include "discover/engine/docker_version.h"
#include "discover/engine/http.h"

/* A socket that speaks the API. */
struct docker_end {
	int fd;        /* O_PATH, -1 = none */
	uint32_t peer; /* for http_get.peer */
	struct docker_version version;
};

/* Start @get at @path of the Docker API (or of Podman's own, if the engine has it); @get's
 * socket, peer and path are set here. Returns the request, NULL when it cannot be made. */
struct http_request *docker_end_ask(
	const struct docker_end *end, struct http *http, struct http_get *get, const char *path);
struct http_request *docker_end_ask_libpod(
	const struct docker_end *end, struct http *http, struct http_get *get, const char *path);

#endif
