/* SPDX-License-Identifier: MIT */
/* Where an engine listens: no configuration is read, the kernel is asked. */
#ifndef DISCOVER_ENGINE_SOCKETS_H
#define DISCOVER_ENGINE_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENGINE_SOCKETS_MAX  16 /* per engine process; the first ones by path */
#define ENGINE_API_PATH_MAX 192

struct engine_sockets {
	int fd[ENGINE_SOCKETS_MAX];     /* O_PATH, owned: connect through /proc/self/fd/N */
	char *path[ENGINE_SOCKETS_MAX]; /* owned; inside that root, symbolic links resolved */
	size_t n;
};

/* Find the unix stream sockets that process @pid listens on, in alphabetical order of their paths,
 * each looked up inside the root of that process. Paths without a socket are left out. Returns 0 or
 * a negative errno; close with engine_sockets_done(). */
int engine_sockets_find(int procfd, int32_t pid, struct engine_sockets *ret);
void engine_sockets_done(struct engine_sockets *s);

/* True if process @pid listens on any such socket. */
bool engine_sockets_any(int procfd, int32_t pid);

/* Name the engine's end for struct engine's @api_path: socket @path inside the root of @pid. */
void engine_sockets_api_path(int32_t pid, const char *path, char ret[ENGINE_API_PATH_MAX]);

#endif
