/* SPDX-License-Identifier: MIT */
#include "discover/engine/docker_networks.h"

#include <stdio.h>
#include <string.h>

#include "discover/engine/networks_json.h"

#define NETWORKS_TIMEOUT_MS 5000
#define NETWORKS_MAX_BYTES  (4 << 20)
#define NETWORK_MAX_BYTES   (1 << 20)

static void ask_endpoints(struct docker_networks *n);

/* Replace the engine's networks. */
static void finish(struct docker_networks *n)
{
	engine_networks_done(&n->engine->networks);
	n->engine->networks = n->next;
	n->next = (struct engine_networks){0};
	n->engine->changes++;
	n->done_fn(n->ctx);
}

static void on_endpoints(void *ctx, const struct http_answer *a)
{
	struct docker_networks *n = ctx;

	n->request = NULL;
	if (a->error == 0 && a->status == 200)
		(void) networks_parse_endpoints(a->body, a->len_bytes, &n->next.v[n->looked]);
	n->looked++;
	ask_endpoints(n);
}

/* Look into the next network whose endpoints matter; finish when there is none left. */
static void ask_endpoints(struct docker_networks *n)
{
	struct http_get get = {.timeout_ms = NETWORKS_TIMEOUT_MS,
		.max_bytes = NETWORK_MAX_BYTES,
		.done_fn = on_endpoints,
		.ctx = n};
	char path[ENGINE_ID_MAX + 16];

	for (; n->looked < n->next.n; n->looked++) {
		const struct engine_network *net = &n->next.v[n->looked];

		if (!engine_network_moves_nif(net))
			continue;
		(void) snprintf(path, sizeof(path), "/networks/%s", net->id);
		n->request = docker_end_ask(n->end, n->engine->env->http, &get, path);
		if (n->request)
			return;
	}
	finish(n);
}

static void on_networks(void *ctx, const struct http_answer *a)
{
	struct docker_networks *n = ctx;
	bool libpod = n->end->version.libpod[0] != '\0';
	int rc = a->error;

	n->request = NULL;
	if (rc == 0 && a->status == 200)
		rc = libpod ? networks_parse_podman(a->body, a->len_bytes, &n->next)
			    : networks_parse_docker(a->body, a->len_bytes, &n->next);
	if (rc < 0 || a->status != 200) {
		n->done_fn(n->ctx);
		return;
	}
	n->looked = 0;
	ask_endpoints(n);
}

void docker_networks_init(struct docker_networks *n, struct engine *engine,
	const struct docker_end *end, void (*done_fn)(void *ctx), void *ctx)
{
	*n = (struct docker_networks){.engine = engine, .end = end, .done_fn = done_fn, .ctx = ctx};
}

bool docker_networks_ask(struct docker_networks *n)
{
	struct http_get get = {.timeout_ms = NETWORKS_TIMEOUT_MS,
		.max_bytes = NETWORKS_MAX_BYTES,
		.done_fn = on_networks,
		.ctx = n};
	struct http *http = n->engine->env->http;

	n->request = n->end->version.libpod[0]
			     ? docker_end_ask_libpod(n->end, http, &get, "/networks/json")
			     : docker_end_ask(n->end, http, &get, "/networks");
	return n->request != NULL;
}

void docker_networks_stop(struct docker_networks *n)
{
	if (n->request)
		http_cancel(n->engine->env->http, n->request);
	n->request = NULL;
	engine_networks_done(&n->next);
}
