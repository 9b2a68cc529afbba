/* SPDX-License-Identifier: MIT */
#include "discover/engine/grpc_probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "discover/engine/engine_sockets.h"

#define PROBE_TIMEOUT_MS 3000
#define PROBE_MAX_BYTES  65536

/* One socket. */
struct candidate {
	struct grpc_probe *probe;
	struct grpc *conn; /* NULL when it has not answered well */
	bool asked;        /* and did not answer yet */
	uint8_t *answer;   /* owned */
	size_t len_bytes;
};

struct grpc_probe {
	struct engine *engine;
	struct engine_sockets sockets;
	struct candidate v[ENGINE_SOCKETS_MAX];
	bool over, unknown;
	void (*done_fn)(void *ctx, const struct grpc_found *found);
	void *ctx;
};

static void decide(struct grpc_probe *p)
{
	struct grpc_found found = {.unknown = p->unknown};
	size_t i = 0;

	while (i < p->sockets.n && !p->v[i].conn)
		i++;
	if (p->over || (i < p->sockets.n && p->v[i].asked))
		return; /* it may still answer, and goes before the others */
	if (i < p->sockets.n) {
		found = (struct grpc_found){.conn = p->v[i].conn,
			.answer = p->v[i].answer,
			.len_bytes = p->v[i].len_bytes};
		p->v[i].conn = NULL;
		engine_sockets_api_path(p->engine->pid, p->sockets.path[i], p->engine->api_path);
	}
	p->over = true;
	p->done_fn(p->ctx, &found);
}

static void on_message(void *ctx, const uint8_t *message, size_t len_bytes)
{
	struct candidate *c = ctx;

	free(c->answer);
	c->answer = malloc(len_bytes + 1);
	c->len_bytes = len_bytes;
	if (c->answer)
		memcpy(c->answer, message, len_bytes);
}

static void on_done(void *ctx, int result)
{
	struct candidate *c = ctx;

	c->asked = false;
	c->probe->unknown = c->probe->unknown || result == -EOPNOTSUPP;
	if (result < 0 || !c->answer) {
		grpc_close(c->conn);
		c->conn = NULL;
	}
	decide(c->probe);
}

static bool is_ttrpc(const char *path)
{
	size_t n = strlen(path);

	return n >= 6 && strcmp(path + n - 6, ".ttrpc") == 0;
}

/* Returns how many questions are under way. */
static size_t ask(struct grpc_probe *p, size_t i, const char *path)
{
	struct candidate *c = &p->v[i];
	const struct grpc_ask question = {.path = path,
		.max_bytes = PROBE_MAX_BYTES,
		.timeout_ms = PROBE_TIMEOUT_MS,
		.message_fn = on_message,
		.done_fn = on_done,
		.ctx = c};

	c->probe = p;
	if (is_ttrpc(p->sockets.path[i]))
		return 0;
	c->conn = grpc_open(p->engine->env->loop, p->sockets.fd[i]);
	if (!c->conn)
		return 0;
	c->asked = grpc_start(c->conn, &question) != NULL;
	if (!c->asked) {
		grpc_close(c->conn);
		c->conn = NULL;
	}
	return c->asked;
}

struct grpc_probe *grpc_probe_start(struct engine *e, const char *path,
	void (*done_fn)(void *ctx, const struct grpc_found *found), void *ctx)
{
	struct grpc_probe *p = calloc(1, sizeof(*p));
	size_t asked = 0;

	if (!p)
		return NULL;
	p->engine = e;
	p->done_fn = done_fn;
	p->ctx = ctx;
	if (engine_sockets_find(e->env->procfd, e->pid, &p->sockets) < 0)
		p->sockets.n = 0;
	for (size_t i = 0; i < p->sockets.n; i++)
		asked += ask(p, i, path);
	if (asked == 0) {
		grpc_probe_free(p);
		return NULL;
	}
	return p;
}

void grpc_probe_free(struct grpc_probe *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->sockets.n; i++) {
		grpc_close(p->v[i].conn);
		free(p->v[i].answer);
	}
	engine_sockets_done(&p->sockets);
	free(p);
}
