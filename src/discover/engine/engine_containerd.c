/* SPDX-License-Identifier: MIT */
/* The driver of containerd's own interface. A round asks for the namespaces, then in each for the
 * tasks, which are processes, and for the containers, which have names and labels. One namespace
 * after the other, so that not more than one answer is in memory. */
#include "discover/engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "discover/engine/containerd_msg.h"
#include "discover/engine/docker_plugin.h"
#include "discover/engine/grpc_probe.h"
#include "discover/engine/grpc_watch.h"
#include "discover/engine/nerdctl_networks.h"

#define CALL_TIMEOUT_MS     5000
#define LIST_MAX_BYTES      (16 << 20)
#define CONTAINER_MAX_BYTES (1 << 20)
#define SERVICES            "/containerd.services."

struct containerd {
	struct engine *engine;
	struct grpc_probe *probe;
	struct grpc *conn; /* NULL until a socket has answered */
	struct grpc_watch watch;
	int error; /* of the call under way: what a parser said */
	/* the round */
	struct containerd_names names;
	size_t at; /* of them */
	struct containerd_tasks tasks;
	struct engine_list list;
};

static void ask_tasks(struct containerd *d);

static void forget_round(struct containerd *d)
{
	containerd_tasks_done(&d->tasks);
	engine_list_done(&d->list);
	d->names.n = d->at = 0;
}

/* Talk to this socket no longer; the next round looks for one again. */
static void hang_up(struct containerd *d)
{
	grpc_watch_stop(&d->watch);
	grpc_close(d->conn);
	d->conn = NULL;
	forget_round(d);
}

static void fail_round(struct containerd *d)
{
	hang_up(d);
	engine_round_done(d->engine, false);
}

static void ask(struct containerd *d, struct grpc_ask *a)
{
	a->timeout_ms = CALL_TIMEOUT_MS;
	a->ctx = d;
	d->error = 0;
	if (!grpc_start(d->conn, a))
		fail_round(d);
}

/* True when the connection cannot be relied on any more; other errors are the method's own. */
static bool is_fatal(int result)
{
	return result == -EIO || result == -ETIMEDOUT || result == -EBADMSG;
}

/* Networks of nerdctl are files. */
static void read_networks(struct engine *e)
{
	struct engine_networks n = {0};

	if (!e->env->networks_wanted)
		return;
	if (nerdctl_networks_read(e->env->procfd, e->pid, &n) < 0) {
		engine_networks_done(&n);
		return;
	}
	engine_networks_done(&e->networks);
	e->networks = n;
}

static void end_round(struct containerd *d)
{
	struct engine *e = d->engine;

	read_networks(e);
	engine_list_sort(&d->list);
	if (engine_list_inherit(&d->list, &e->list))
		e->changes++;
	engine_list_done(&e->list);
	e->list = d->list;
	d->list = (struct engine_list){0};
	forget_round(d);
	engine_round_done(e, true);
}

static void on_container(void *ctx, const uint8_t *p, size_t len_bytes)
{
	struct containerd *d = ctx;
	struct engine_container c;
	int rc;

	if (d->list.n >= ENGINE_CONTAINERS_MAX)
		return;
	/* who cannot be understood is left out */
	rc = containerd_parse_container(p, len_bytes, d->names.v[d->at], &d->tasks, &c);
	if (rc <= 0)
		return;
	if (docker_plugin_name(d->engine->env->procfd, d->engine->pid, &c) < 0)
		engine_container_done(&c);
	else
		(void) engine_list_append(&d->list, &c);
}

static void on_containers_end(void *ctx, int result)
{
	struct containerd *d = ctx;

	containerd_tasks_done(&d->tasks);
	if (is_fatal(result)) {
		fail_round(d);
		return;
	}
	d->at++;
	ask_tasks(d);
}

static void on_tasks(void *ctx, const uint8_t *p, size_t len_bytes)
{
	struct containerd *d = ctx;

	containerd_tasks_done(&d->tasks);
	d->error = containerd_parse_tasks(p, len_bytes, &d->tasks);
}

static void on_tasks_end(void *ctx, int result)
{
	struct containerd *d = ctx;
	struct grpc_ask a = {.path = SERVICES "containers.v1.Containers/ListStream",
		.ns = d->names.v[d->at],
		.max_bytes = CONTAINER_MAX_BYTES,
		.stream = true,
		.message_fn = on_container,
		.done_fn = on_containers_end};

	if (is_fatal(result) || is_fatal(d->error)) {
		fail_round(d);
	} else if (result < 0 || d->tasks.n == 0) {
		containerd_tasks_done(&d->tasks);
		d->at++;
		ask_tasks(d);
	} else {
		ask(d, &a);
	}
}

/* Go on with the next namespace, if there is one. */
static void ask_tasks(struct containerd *d)
{
	struct grpc_ask a = {.path = SERVICES "tasks.v1.Tasks/List",
		.max_bytes = LIST_MAX_BYTES,
		.message_fn = on_tasks,
		.done_fn = on_tasks_end};

	if (d->at == d->names.n) {
		end_round(d);
		return;
	}
	a.ns = d->names.v[d->at];
	ask(d, &a);
}

static void on_namespaces(void *ctx, const uint8_t *p, size_t len_bytes)
{
	struct containerd *d = ctx;

	d->error = containerd_parse_namespaces(p, len_bytes, &d->names);
}

static void on_namespaces_end(void *ctx, int result)
{
	struct containerd *d = ctx;

	if (result < 0 || d->error < 0)
		fail_round(d);
	else
		ask_tasks(d);
}

static void ask_namespaces(struct containerd *d)
{
	struct grpc_ask a = {.path = SERVICES "namespaces.v1.Namespaces/List",
		.max_bytes = CONTAINER_MAX_BYTES,
		.message_fn = on_namespaces,
		.done_fn = on_namespaces_end};

	forget_round(d);
	ask(d, &a);
}

static void on_server(void *ctx, const uint8_t *p, size_t len_bytes)
{
	struct containerd *d = ctx;

	d->error = containerd_parse_server(p, len_bytes, d->engine->id);
}

static void on_server_end(void *ctx, int result)
{
	struct containerd *d = ctx;

	if (is_fatal(result) || is_fatal(d->error))
		fail_round(d);
	else
		ask_namespaces(d);
}

static void start_watch(struct containerd *d)
{
	uint8_t *filters;
	size_t n = containerd_make_subscribe(&filters);

	/* without memory the rounds have to do */
	if (filters)
		grpc_watch_start(
			&d->watch, d->conn, SERVICES "events.v1.Events/Subscribe", filters, n);
	free(filters);
}

static void on_probed(void *ctx, const struct grpc_found *found)
{
	struct containerd *d = ctx;
	struct engine *e = d->engine;
	struct grpc_ask server = {.path = SERVICES "introspection.v1.Introspection/Server",
		.max_bytes = CONTAINER_MAX_BYTES,
		.message_fn = on_server,
		.done_fn = on_server_end};
	bool good = found->conn &&
		    containerd_parse_version(found->answer, found->len_bytes, e->version) == 0;

	d->conn = found->conn;
	grpc_probe_free(d->probe);
	d->probe = NULL;
	if (!good) {
		fail_round(d);
		return;
	}
	/* before the lists, so that nothing happens unseen between the two */
	start_watch(d);
	if (e->id[0])
		ask_namespaces(d);
	else
		ask(d, &server);
}

/* The stream of events has broken: so has the connection, or it is of no use. */
static void on_lost(void *ctx)
{
	struct containerd *d = ctx;

	if (d->engine->asking)
		fail_round(d);
	else
		hang_up(d);
}

static void *containerd_open(struct engine *e)
{
	struct containerd *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->engine = e;
	grpc_watch_init(&d->watch, e, on_lost, d);
	return d;
}

static void containerd_round(void *state)
{
	struct containerd *d = state;

	if (d->conn) {
		ask_namespaces(d);
		return;
	}
	d->probe = grpc_probe_start(d->engine, SERVICES "version.v1.Version/Version", on_probed, d);
	if (!d->probe)
		engine_round_done(d->engine, false);
}

/* Nobody tells of networks: they are files. */
static bool containerd_announces(const void *state, bool networks)
{
	const struct containerd *d = state;

	return d->watch.call && !networks;
}

static void containerd_close(void *state)
{
	struct containerd *d = state;

	grpc_probe_free(d->probe);
	hang_up(d);
	grpc_watch_done(&d->watch);
	free(d);
}

const struct engine_driver engine_containerd = {
	.comm = "containerd",
	.type = "containerd",
	.engine_type = "containerd.io",
	.open = containerd_open,
	.round = containerd_round,
	.announces = containerd_announces,
	.close = containerd_close,
};
