/* SPDX-License-Identifier: MIT */
/* What a Docker-compatible engine says of itself in the headers of its answer to GET /_ping (Docker
 * Engine API; Podman's own reference for its further header). Unlike /version this costs the engine
 * nothing: Podman asks the package manager for the versions of its parts there. */
#ifndef DISCOVER_DOCKER_VERSION_H
#define DISCOVER_DOCKER_VERSION_H

#define DOCKER_TEXT_MAX 128

struct docker_version {
	char api[16];                  /* "1.41" */
	char version[DOCKER_TEXT_MAX]; /* "20.10.24+dfsg1", clean UTF-8, "" = not told */
	char libpod[16];               /* "4.3.1", of Podman's own API; "" = none */
};

/* From the values of the headers Server ("Docker/20.10.24+dfsg1 (linux)"), Api-Version and
 * Libpod-Api-Version; NULL = there is none. Returns 0, or -EBADMSG when there is no API version;
 * @ret is untouched then. */
int docker_version_read(
	const char *server, const char *api, const char *libpod, struct docker_version *ret);

#endif
