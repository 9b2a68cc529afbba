/* SPDX-License-Identifier: MIT */
/* Listens to what an engine announces in a stream of gRPC messages. What they say is not looked at:
 * any is a reason to ask the engine again. When the stream breaks, pauses grow before the next try
 * to reach the engine, which is a scan's round. */
#ifndef DISCOVER_GRPC_WATCH_H
#define DISCOVER_GRPC_WATCH_H

#include "loop/backoff.h"
#include "discover/engine/engine.h"
#include "discover/engine/grpc.h"

struct grpc_watch {
	struct engine *engine;
	struct grpc *conn;
	struct grpc_call *call; /* NULL = not listening */
	struct backoff retry;
	bool unknown; /* the engine has no such stream */
	void (*lost_fn)(void *ctx);
	void *ctx;
};

/* @lost_fn is called when the stream has broken, not when the engine has none; it ought to close
 * the connection. @w must stay in place. */
void grpc_watch_init(
	struct grpc_watch *w, struct engine *engine, void (*lost_fn)(void *ctx), void *ctx);

/* Listen on @conn (borrowed until grpc_watch_stop()) to the stream of @path, with @message
 * (encoded) as the request. Messages are news of the engine. */
void grpc_watch_start(struct grpc_watch *w, struct grpc *conn, const char *path,
	const void *message, size_t len_bytes);

/* Listen no longer, as the connection is about to be closed. If there was one, it is tried again
 * after a pause: the engine is asked again. */
void grpc_watch_stop(struct grpc_watch *w);

/* Stop for good. */
void grpc_watch_done(struct grpc_watch *w);

#endif
