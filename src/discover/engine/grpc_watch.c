/* SPDX-License-Identifier: MIT */
#include "discover/engine/grpc_watch.h"

#include <errno.h>

#define PAUSE_FIRST_NS    500000000
#define PAUSE_MAX_NS      30000000000
#define MESSAGE_MAX_BYTES (1 << 20)

static void on_message(void *ctx, const uint8_t *p, size_t len_bytes)
{
	struct grpc_watch *w = ctx;

	(void) p;
	(void) len_bytes;
	backoff_reset(&w->retry);
	engine_note_news(w->engine);
}

static void on_done(void *ctx, int result)
{
	struct grpc_watch *w = ctx;

	w->call = NULL;
	w->unknown = result == -EOPNOTSUPP;
	if (!w->unknown)
		w->lost_fn(w->ctx);
}

static void on_retry(void *ctx)
{
	struct grpc_watch *w = ctx;

	engine_note_news(w->engine);
}

void grpc_watch_init(
	struct grpc_watch *w, struct engine *engine, void (*lost_fn)(void *ctx), void *ctx)
{
	*w = (struct grpc_watch){.engine = engine, .lost_fn = lost_fn, .ctx = ctx};
	backoff_init(&w->retry, engine->env->loop, PAUSE_FIRST_NS, PAUSE_MAX_NS, on_retry, w);
}

void grpc_watch_start(struct grpc_watch *w, struct grpc *conn, const char *path,
	const void *message, size_t len_bytes)
{
	const struct grpc_ask ask = {.path = path,
		.message = message,
		.len_bytes = len_bytes,
		.max_bytes = MESSAGE_MAX_BYTES,
		.stream = true,
		.message_fn = on_message,
		.done_fn = on_done,
		.ctx = w};

	backoff_cancel(&w->retry);
	w->conn = conn;
	w->unknown = false;
	w->call = grpc_start(conn, &ask);
}

void grpc_watch_stop(struct grpc_watch *w)
{
	if (!w->conn)
		return;
	grpc_cancel(w->conn, w->call);
	w->call = NULL;
	w->conn = NULL;
	backoff_wait(&w->retry);
}

void grpc_watch_done(struct grpc_watch *w)
{
	grpc_watch_stop(w);
	backoff_cancel(&w->retry);
}
