/* SPDX-License-Identifier: MIT */
#include "discover/engine/docker_probe.h"

#include <stdlib.h>

#include "base/own.h"
#include "discover/engine/engine_sockets.h"

#define PROBE_TIMEOUT_MS 10000 /* one that was just woken takes its time */
#define PROBE_MAX_BYTES  65536

/* One socket. */
struct candidate {
	struct docker_probe *probe;
	struct http_request *request; /* NULL when it has ended */
	uint32_t peer;
	bool speaks;
	struct docker_version version;
};

struct docker_probe {
	struct engine *engine;
	struct engine_sockets sockets;
	struct candidate v[ENGINE_SOCKETS_MAX];
	bool over;
	void (*done_fn)(void *ctx, const struct docker_end *end);
	void *ctx;
};

static void decide(struct docker_probe *p)
{
	struct docker_end end = {.fd = -1};
	size_t i = 0;

	if (p->over)
		return;
	while (i < p->sockets.n && !p->v[i].request && !p->v[i].speaks)
		i++;
	if (i < p->sockets.n && p->v[i].request)
		return; /* may still answer, and goes before the others */
	if (i < p->sockets.n) {
		end.fd = TAKE_FD(p->sockets.fd[i]);
		end.peer = p->v[i].peer;
		end.version = p->v[i].version;
		engine_sockets_api_path(p->engine->pid, p->sockets.path[i], p->engine->api_path);
	}
	p->over = true;
	p->done_fn(p->ctx, &end);
}

static void on_answer(void *ctx, const struct http_answer *a)
{
	struct candidate *c = ctx;

	c->request = NULL;
	c->speaks = a->error == 0 && a->status == 200 &&
		    docker_version_read(http_answer_header(a, "Server"),
			    http_answer_header(a, "Api-Version"),
			    http_answer_header(a, "Libpod-Api-Version"), &c->version) == 0;
	decide(c->probe);
}

struct docker_probe *docker_probe_start(
	struct engine *e, void (*done_fn)(void *ctx, const struct docker_end *end), void *ctx)
{
	struct docker_probe *p = calloc(1, sizeof(*p));
	size_t started = 0;

	if (!p)
		return NULL;
	p->engine = e;
	p->done_fn = done_fn;
	p->ctx = ctx;
	if (engine_sockets_find(e->env->procfd, e->pid, &p->sockets) < 0)
		p->sockets.n = 0;
	for (size_t i = 0; i < p->sockets.n; i++) {
		struct candidate *c = &p->v[i];
		const struct http_get get = {.socket_fd = p->sockets.fd[i],
			.peer = ++e->env->next_peer,
			.path = "/_ping",
			.timeout_ms = PROBE_TIMEOUT_MS,
			.max_bytes = PROBE_MAX_BYTES,
			.done_fn = on_answer,
			.ctx = c};

		c->probe = p;
		c->peer = get.peer;
		c->request = http_start(e->env->http, &get);
		started += c->request != NULL;
	}
	if (started == 0) {
		docker_probe_free(p);
		return NULL;
	}
	return p;
}

void docker_probe_free(struct docker_probe *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->sockets.n; i++)
		http_cancel(p->engine->env->http, p->v[i].request);
	engine_sockets_done(&p->sockets);
	free(p);
}
