/* SPDX-License-Identifier: MIT */
/* Which of an engine's sockets offers a gRPC service: all are asked at once, the first in
 * alphabetical order that answers is taken. Sockets of ttrpc are left out by their names. */
#ifndef DISCOVER_GRPC_PROBE_H
#define DISCOVER_GRPC_PROBE_H

#include "discover/engine/engine.h"
#include "discover/engine/grpc.h"

struct grpc_probe;

struct grpc_found {
	struct grpc *conn;     /* the callee's from now on; NULL = none */
	const uint8_t *answer; /* to the question; borrowed until the callback returns */
	size_t len_bytes;
	bool unknown; /* @conn is NULL, and somebody spoke gRPC without knowing the method */
};

/* Ask every socket for @path, a method that takes an empty message. The engine's @api_path is set
 * to the one found. @done_fn is called once, never from inside this function. Returns NULL without
 * memory, or when the process has no socket to connect to. */
struct grpc_probe *grpc_probe_start(struct engine *e, const char *path,
	void (*done_fn)(void *ctx, const struct grpc_found *found), void *ctx);

/* Give up, or free it after @done_fn was called, which may do so. NULL is fine. */
void grpc_probe_free(struct grpc_probe *p);

#endif
