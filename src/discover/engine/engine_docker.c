/* SPDX-License-Identifier: MIT */
/* The drivers of dockerd and of Podman, which has the same interface. A round asks for the list of
 * running containers, then for the details of those whose process is not known: new ones, restarted
 * ones, and containers that only cgroups tell of so far, because the engine lists a container a
 * moment after its process has started. Beside that it asks for networks, if they may have changed,
 * and for Podman's pods. */
#include "discover/engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "discover/engine/docker_events.h"
#include "discover/engine/docker_json.h"
#include "discover/engine/docker_networks.h"
#include "discover/engine/docker_probe.h"
#include "discover/engine/podman_pods.h"
#include "discover/host/host.h"

#define LIST_TIMEOUT_MS    10000
#define INSPECT_TIMEOUT_MS 5000
#define LIST_MAX_BYTES     (16 << 20)
#define DETAIL_MAX_BYTES   (1 << 20)
#define INSPECTS_AT_ONCE   8
#define INSPECTS_MAX       4096 /* in one round; the rest has to wait for the next */
#define ASK_PID_TIMES      3    /* then the cgroup has to do */

/* {"type":["container"],"event":["start","die","died","pause","unpause","rename"]}: Podman says
 * "died" */
#define CONTAINER_EVENTS                                                                           \
	"%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22start%22%2C%22die%22%2C"      \
	"%22died%22%2C%22pause%22%2C%22unpause%22%2C%22rename%22%5D%7D"

/* {"type":["network"],"event":["create","destroy","connect","disconnect"]} */
#define NETWORK_EVENTS                                                                             \
	"%7B%22type%22%3A%5B%22network%22%5D%2C%22event%22%3A%5B%22create%22%2C"                   \
	"%22destroy%22%2C%22connect%22%2C%22disconnect%22%5D%7D"

struct docker;

struct inspect {
	struct docker *docker;
	struct http_request *request; /* NULL = free */
	char id[ENGINE_ID_MAX];
};

struct docker {
	struct engine *engine;
	struct docker_probe *probe;
	struct docker_end end; /* end.fd: owned, -1 until a socket has answered */
	struct docker_events events, network_events;
	struct docker_networks networks;
	bool networks_stale;
	uint32_t networks_as_of; /* @network_events.connections when they were asked for */
	struct podman_pods pods;
	struct http_request *info, *list;
	struct inspect inspects[INSPECTS_AT_ONCE];
	size_t n_running;            /* of them */
	char (*todo)[ENGINE_ID_MAX]; /* owned; ids to inspect in this round */
	size_t n_todo, next_todo;
	char (*foreign)[ENGINE_ID_MAX]; /* owned, sorted; ids this engine does not know */
	size_t n_foreign;
};

static struct http_request *ask(struct docker *d, struct http_get *get, const char *path)
{
	return docker_end_ask(&d->end, d->engine->env->http, get, path);
}

/* Talk to this socket no longer; the next round looks for one again. */
static void hang_up(struct docker *d)
{
	struct http *http = d->engine->env->http;

	docker_events_stop(&d->events);
	docker_events_stop(&d->network_events);
	docker_networks_stop(&d->networks);
	podman_pods_stop(&d->pods);
	d->networks_stale = true;
	http_cancel(http, d->info);
	http_cancel(http, d->list);
	d->info = d->list = NULL;
	for (size_t i = 0; i < INSPECTS_AT_ONCE; i++) {
		http_cancel(http, d->inspects[i].request);
		d->inspects[i].request = NULL;
	}
	d->n_running = 0;
	close_p(&d->end.fd);
	d->end.fd = -1;
}

static void fail_round(struct docker *d)
{
	hang_up(d);
	engine_round_done(d->engine, false);
}

static int cmp_id(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool is_among(char (*ids)[ENGINE_ID_MAX], size_t n, const char *id)
{
	return n > 0 && bsearch(id, ids, n, sizeof(*ids), cmp_id);
}

static void inspect_more(struct docker *d);

/* Returns false when the answer says nothing. */
static bool note_details(struct docker *d, const struct http_answer *a)
{
	struct engine_container c, *old;

	if (a->error != 0 || a->status != 200 ||
		docker_parse_inspect(a->body, a->len_bytes, &c) < 0)
		return false;
	old = engine_list_find(&d->engine->list, c.id);
	c.asked = old ? old->asked : 0;
	/* asked about what cgroups tell of: it may turn up in the list a moment later */
	if (!old || old->pid != c.pid || old->over != c.over)
		d->engine->changes++;
	return engine_list_put(&d->engine->list, &c) == 0;
}

static void note_foreign(struct docker *d, const char *id)
{
	void *v;

	if (is_among(d->foreign, d->n_foreign, id) || d->n_foreign >= INSPECTS_MAX)
		return;
	v = realloc(d->foreign, (d->n_foreign + 1) * sizeof(*d->foreign));
	if (!v)
		return; /* asked again in the next round */
	d->foreign = v;
	memcpy(d->foreign[d->n_foreign++], id, ENGINE_ID_MAX);
	qsort(d->foreign, d->n_foreign, sizeof(*d->foreign), cmp_id);
}

static void on_inspected(void *ctx, const struct http_answer *a)
{
	struct inspect *slot = ctx;
	struct docker *d = slot->docker;

	slot->request = NULL;
	d->n_running--;
	if (a->error == 0 && a->status == 404)
		note_foreign(d, slot->id);
	else
		(void) note_details(d, a);
	inspect_more(d);
}

static void inspect(struct docker *d, const char *id)
{
	struct inspect *slot = d->inspects;
	struct http_get get = {.timeout_ms = INSPECT_TIMEOUT_MS,
		.max_bytes = DETAIL_MAX_BYTES,
		.done_fn = on_inspected};
	char path[128];

	while (slot->request)
		slot++;
	slot->docker = d;
	memcpy(slot->id, id, ENGINE_ID_MAX);
	get.ctx = slot;
	(void) snprintf(path, sizeof(path), "/containers/%s/json", id);
	slot->request = ask(d, &get, path);
	d->n_running += slot->request != NULL;
}

static void end_round_if_complete(void *ctx)
{
	struct docker *d = ctx;

	if (d->n_running > 0 || d->list || d->networks.request || d->pods.request)
		return;
	free(d->todo);
	d->todo = NULL;
	d->n_todo = d->next_todo = 0;
	podman_pods_apply(&d->pods);
	engine_round_done(d->engine, true);
}

/* Keep the requests going; end the round when there is nothing left. */
static void inspect_more(struct docker *d)
{
	while (d->n_running < INSPECTS_AT_ONCE && d->next_todo < d->n_todo)
		inspect(d, d->todo[d->next_todo++]);
	end_round_if_complete(d);
}

static void add_todo(struct docker *d, const char *id, size_t cap)
{
	if (d->n_todo < cap)
		memcpy(d->todo[d->n_todo++], id, ENGINE_ID_MAX);
}

/* Which containers have to be asked about, now that the list is known. */
static void plan_inspects(struct docker *d)
{
	const struct engine_env *env = d->engine->env;
	struct engine_list *list = &d->engine->list;
	size_t cap = list->n + env->n_seen;

	if (cap > INSPECTS_MAX)
		cap = INSPECTS_MAX;
	d->todo = calloc(cap + 1, sizeof(*d->todo));
	d->n_todo = d->next_todo = 0;
	if (!d->todo)
		return;
	for (size_t i = 0; i < list->n; i++) {
		struct engine_container *c = &list->v[i];

		if (c->pid != 0 || c->asked >= ASK_PID_TIMES)
			continue;
		c->asked++;
		add_todo(d, c->id, cap);
	}
	for (size_t i = 0; i < env->n_seen; i++) {
		if (!engine_list_find(list, env->seen[i]) &&
			!is_among(d->foreign, d->n_foreign, env->seen[i]))
			add_todo(d, env->seen[i], cap);
	}
}

/* Ids that no cgroup tells of any more never come back. */
static void prune_foreign(struct docker *d)
{
	const struct engine_env *env = d->engine->env;
	size_t n = 0;

	for (size_t i = 0; i < d->n_foreign; i++) {
		if (is_among(env->seen, env->n_seen, d->foreign[i]))
			memmove(d->foreign[n++], d->foreign[i], ENGINE_ID_MAX);
	}
	d->n_foreign = n;
}

static bool is_podman(const struct docker *d)
{
	return d->end.version.libpod[0] != '\0';
}

/* Podman says nothing of networks that change. */
static bool has_current_networks(const struct docker *d)
{
	return !is_podman(d) && !d->networks_stale && d->network_events.request &&
	       d->networks_as_of == d->network_events.connections;
}

static bool docker_announces(const void *state, bool networks)
{
	const struct docker *d = state;

	return d->events.request && (!networks || has_current_networks(d));
}

/* Ask for networks and pods. */
static void ask_beside(struct docker *d)
{
	if (is_podman(d) && !d->pods.request)
		(void) podman_pods_ask(&d->pods);
	if (d->networks.request || !d->engine->env->networks_wanted || has_current_networks(d))
		return;
	d->networks_stale = !docker_networks_ask(&d->networks);
	d->networks_as_of = d->network_events.connections;
}

static void on_list(void *ctx, const struct http_answer *a)
{
	struct docker *d = ctx;
	struct engine *e = d->engine;
	struct engine_list list;

	d->list = NULL;
	if (a->error != 0 || a->status != 200 ||
		docker_parse_list(a->body, a->len_bytes, &list) < 0) {
		fail_round(d);
		return;
	}
	if (engine_list_inherit(&list, &e->list))
		e->changes++;
	engine_list_done(&e->list);
	e->list = list;
	prune_foreign(d);
	plan_inspects(d);
	ask_beside(d);
	inspect_more(d);
}

static void ask_list(struct docker *d)
{
	struct http_get get = {.timeout_ms = LIST_TIMEOUT_MS,
		.max_bytes = LIST_MAX_BYTES,
		.done_fn = on_list,
		.ctx = d};

	d->list = ask(d, &get, "/containers/json");
	if (!d->list)
		fail_round(d);
}

static void on_info(void *ctx, const struct http_answer *a)
{
	struct docker *d = ctx;

	d->info = NULL;
	if (a->error == 0 && a->status == 200)
		(void) docker_parse_info(a->body, a->len_bytes, d->engine->id);
}

/* Podman has no id: it makes one up in each answer, and that takes it a while. */
static void find_id(struct docker *d)
{
	struct engine *e = d->engine;
	struct http_get get = {.timeout_ms = LIST_TIMEOUT_MS,
		.max_bytes = DETAIL_MAX_BYTES,
		.done_fn = on_info,
		.ctx = d};

	if (is_podman(d))
		host_read_name(e->env->procfd, e->pid, e->id, sizeof(e->id));
	else if (e->id[0] == '\0')
		d->info = ask(d, &get, "/info");
}

static void on_container_event(void *ctx)
{
	struct docker *d = ctx;

	engine_note_news(d->engine);
}

static void on_network_event(void *ctx)
{
	struct docker *d = ctx;

	d->networks_stale = true;
	engine_note_news(d->engine);
}

/* Start the event streams and prepare the queries beside the list. Podman's networks have no
 * events: their stream stays zeroed. */
static void set_up(struct docker *d)
{
	struct engine *e = d->engine;
	const struct docker_events_conf containers = {
		e->env, &d->end, CONTAINER_EVENTS, on_container_event, d};
	const struct docker_events_conf networks = {
		e->env, &d->end, NETWORK_EVENTS, on_network_event, d};

	docker_networks_init(&d->networks, e, &d->end, end_round_if_complete, d);
	podman_pods_init(&d->pods, e, &d->end, end_round_if_complete, d);
	docker_events_start(&d->events, &containers);
	if (!is_podman(d))
		docker_events_start(&d->network_events, &networks);
}

static void on_probed(void *ctx, const struct docker_end *end)
{
	struct docker *d = ctx;

	docker_probe_free(d->probe);
	d->probe = NULL;
	if (end->fd < 0) {
		engine_round_done(d->engine, false);
		return;
	}
	d->end = *end;
	memcpy(d->engine->version, end->version.version, sizeof(d->engine->version));
	/* before the list, so that nothing happens unseen between the two */
	set_up(d);
	ask_list(d);
	if (d->end.fd >= 0)
		find_id(d);
}

static void *docker_open(struct engine *e)
{
	struct docker *d = calloc(1, sizeof(*d));

	if (d) {
		d->engine = e;
		d->end.fd = -1;
	}
	return d;
}

static void docker_round(void *state)
{
	struct docker *d = state;

	if (d->end.fd >= 0) {
		ask_list(d);
		return;
	}
	d->probe = docker_probe_start(d->engine, on_probed, d);
	if (!d->probe)
		engine_round_done(d->engine, false);
}

static void docker_close(void *state)
{
	struct docker *d = state;

	docker_probe_free(d->probe);
	hang_up(d);
	free(d->todo);
	free(d->foreign);
	free(d);
}

const struct engine_driver engine_docker = {
	.comm = "dockerd",
	.type = "docker",
	.engine_type = "docker.com",
	.open = docker_open,
	.round = docker_round,
	.announces = docker_announces,
	.close = docker_close,
};

const struct engine_driver engine_podman = {
	.comm = "podman",
	.type = "podman",
	.engine_type = "podman.io",
	.must_listen = true,
	.open = docker_open,
	.round = docker_round,
	.announces = docker_announces,
	.close = docker_close,
};
