/* SPDX-License-Identifier: MIT */
/* The driver of the runtime interface of Kubernetes: containerd's, beside the view it gives of
 * itself, and CRI-O's. A round asks for the sandboxes that are ready and the containers that run,
 * then for the details of those whose process is not known.
 *
 * Runtimes without a stream of events (containerd before 1.7) are looked at by rounds alone, which
 * begin also when containerd's own interface announces a task. As a runtime lists a pod only some
 * moments after its task has started, each such round is followed by a second look. */
#include "discover/engine/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/own.h"
#include "discover/engine/cri_msg.h"
#include "discover/engine/grpc_probe.h"
#include "discover/engine/grpc_watch.h"
#include "discover/host/host.h"

#define CALL_TIMEOUT_MS  5000
#define LIST_MAX_BYTES   (16 << 20)
#define STATUS_MAX_BYTES (1 << 20)
#define STATUS_AT_ONCE   8
#define ASK_PID_TIMES    3 /* then the cgroup has to do */
#define SECOND_LOOK_NS   100000000
#define SERVICE          "/runtime.v1.RuntimeService/"

struct cri;

struct status {
	struct cri *cri;
	bool asking;
	int32_t pid; /* as answered, 0 = none */
	char id[ENGINE_ID_MAX];
};

struct cri {
	struct engine *engine;
	struct grpc_probe *probe;
	struct grpc *conn; /* NULL until a socket has answered */
	struct grpc_watch watch;
	struct loop_timer second_look;
	bool not_offered;        /* the process speaks gRPC, but not this service */
	int error;               /* of the list under way: what the parser said */
	struct grpc_call *call;  /* for a list */
	bool looking;            /* it is for a second look */
	struct engine_list list; /* being made */
	struct status status[STATUS_AT_ONCE];
	size_t n_asking, next; /* status calls; index in the engine's list */
};

static void ask_more(struct cri *d);

static void forget_lists(struct cri *d)
{
	grpc_cancel(d->conn, d->call);
	d->call = NULL;
	d->looking = false;
	engine_list_done(&d->list);
}

/* Talk to this socket no longer; the next round looks for one again. */
static void hang_up(struct cri *d)
{
	forget_lists(d);
	loop_disarm(d->engine->env->loop, &d->second_look);
	grpc_watch_stop(&d->watch);
	grpc_close(d->conn);
	d->conn = NULL;
	for (size_t i = 0; i < STATUS_AT_ONCE; i++)
		d->status[i].asking = false;
	d->n_asking = 0;
}

static void fail(struct cri *d)
{
	hang_up(d);
	if (d->engine->asking)
		engine_round_done(d->engine, false);
}

static void on_status(void *ctx, const uint8_t *p, size_t len_bytes)
{
	struct status *s = ctx;

	(void) cri_parse_status(p, len_bytes, &s->pid);
}

static void on_status_end(void *ctx, int result)
{
	struct status *s = ctx;
	struct cri *d = s->cri;
	struct engine_container *c = engine_list_find(&d->engine->list, s->id);

	s->asking = false;
	d->n_asking--;
	if (result == -EIO || result == -ETIMEDOUT) {
		fail(d);
		return;
	}
	if (result == 0 && c && s->pid) {
		c->pid = s->pid;
		d->engine->changes++;
	}
	ask_more(d);
}

static void ask_status(struct cri *d, struct engine_container *c)
{
	struct status *s = d->status;
	struct grpc_ask a = {
		.path = cri_is_sandbox(c) ? SERVICE "PodSandboxStatus" : SERVICE "ContainerStatus",
		.max_bytes = STATUS_MAX_BYTES,
		.timeout_ms = CALL_TIMEOUT_MS,
		.message_fn = on_status,
		.done_fn = on_status_end};
	uint8_t *message;

	while (s->asking)
		s++;
	s->cri = d;
	s->pid = 0;
	memcpy(s->id, c->id, sizeof(s->id));
	a.ctx = s;
	a.len_bytes = cri_make_status(c->id, &message);
	a.message = message;
	s->asking = message && grpc_start(d->conn, &a);
	d->n_asking += s->asking;
	free(message);
}

static void end_round(struct cri *d)
{
	struct engine_env *env = d->engine->env;

	if (d->watch.unknown)
		loop_arm(env->loop, &d->second_look, clock_mono_ns() + SECOND_LOOK_NS);
	engine_round_done(d->engine, true);
}

/* Keep the questions going; end the round when there is nothing left. */
static void ask_more(struct cri *d)
{
	struct engine_list *l = &d->engine->list;

	for (; d->n_asking < STATUS_AT_ONCE && d->next < l->n; d->next++) {
		struct engine_container *c = &l->v[d->next];

		if (c->pid != 0 || c->asked >= ASK_PID_TIMES)
			continue;
		c->asked++;
		ask_status(d, c);
	}
	if (d->n_asking == 0)
		end_round(d);
}

static bool is_same(const struct engine_list *a, const struct engine_list *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; i < a->n && same; i++)
		same = strcmp(a->v[i].id, b->v[i].id) == 0;
	return same;
}

static void use_list(struct cri *d)
{
	struct engine *e = d->engine;

	if (d->looking) {
		bool same = is_same(&d->list, &e->list);

		forget_lists(d);
		if (!same)
			engine_note_news(e);
		return;
	}
	if (engine_list_inherit(&d->list, &e->list))
		e->changes++;
	engine_list_done(&e->list);
	e->list = d->list;
	d->list = (struct engine_list){0};
	d->next = 0;
	ask_more(d);
}

static void on_pods(void *ctx, const uint8_t *p, size_t len_bytes)
{
	struct cri *d = ctx;

	engine_list_done(&d->list);
	d->error = cri_parse_pods(p, len_bytes, &d->list);
}

static void on_containers(void *ctx, const uint8_t *p, size_t len_bytes)
{
	struct cri *d = ctx;

	d->error = cri_parse_containers(p, len_bytes, &d->list);
}

static void on_containers_end(void *ctx, int result)
{
	struct cri *d = ctx;

	d->call = NULL;
	if (result < 0 || d->error < 0)
		fail(d);
	else
		use_list(d);
}

static void ask_list(struct cri *d, struct grpc_ask *a, bool sandboxes)
{
	uint8_t *message;

	a->len_bytes = cri_make_list(sandboxes, &message);
	a->message = message;
	a->max_bytes = LIST_MAX_BYTES;
	a->timeout_ms = CALL_TIMEOUT_MS;
	a->ctx = d;
	d->error = 0;
	d->call = message ? grpc_start(d->conn, a) : NULL;
	free(message);
	if (!d->call)
		fail(d);
}

static void on_pods_end(void *ctx, int result)
{
	struct cri *d = ctx;
	struct grpc_ask a = {.path = SERVICE "ListContainers",
		.message_fn = on_containers,
		.done_fn = on_containers_end};

	d->call = NULL;
	if (result < 0 || d->error < 0)
		fail(d);
	else
		ask_list(d, &a, false);
}

static void ask_pods(struct cri *d)
{
	struct grpc_ask a = {
		.path = SERVICE "ListPodSandbox", .message_fn = on_pods, .done_fn = on_pods_end};

	ask_list(d, &a, true);
}

static void on_second_look(void *ctx)
{
	struct cri *d = ctx;

	if (!d->conn || d->engine->asking)
		return;
	d->looking = true;
	ask_pods(d);
}

static void on_probed(void *ctx, const struct grpc_found *found)
{
	struct cri *d = ctx;
	struct engine *e = d->engine;
	bool good =
		found->conn && cri_parse_version(found->answer, found->len_bytes, e->version) == 0;

	d->conn = found->conn;
	d->not_offered = found->unknown;
	grpc_probe_free(d->probe);
	d->probe = NULL;
	if (!good) {
		fail(d);
		return;
	}
	e->absent = false;
	host_read_name(e->env->procfd, e->pid, e->id, sizeof(e->id));
	/* before the lists, so that nothing happens unseen between the two */
	grpc_watch_start(&d->watch, d->conn, SERVICE "GetContainerEvents", NULL, 0);
	ask_pods(d);
}

static void on_lost(void *ctx)
{
	fail(ctx);
}

static void *open_view(struct engine *e)
{
	struct cri *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->engine = e;
	d->second_look = (struct loop_timer){.fn = on_second_look, .ctx = d};
	grpc_watch_init(&d->watch, e, on_lost, d);
	return d;
}

/* Many a containerd serves Docker alone. */
static void *open_second_view(struct engine *e)
{
	e->absent = true;
	return open_view(e);
}

static void cri_round(void *state)
{
	struct cri *d = state;

	loop_disarm(d->engine->env->loop, &d->second_look);
	forget_lists(d);
	if (d->conn && grpc_is_broken(d->conn))
		hang_up(d);
	if (d->conn) {
		ask_pods(d);
		return;
	}
	if (!d->not_offered)
		d->probe = grpc_probe_start(d->engine, SERVICE "Version", on_probed, d);
	/* who does not offer the service never will, and there is nothing to wait for */
	if (!d->probe)
		engine_round_done(d->engine, d->not_offered);
}

static bool cri_announces(const void *state, bool networks)
{
	const struct cri *d = state;

	(void) networks; /* there are none */
	return d->not_offered || d->watch.call;
}

static void cri_close(void *state)
{
	struct cri *d = state;

	grpc_probe_free(d->probe);
	hang_up(d);
	grpc_watch_done(&d->watch);
	free(d);
}

const struct engine_driver engine_cri = {
	.comm = "containerd",
	.type = "CRI",
	.engine_type = "k8s.io/cri-api",
	.pods_by_label = true,
	.open = open_second_view,
	.round = cri_round,
	.announces = cri_announces,
	.close = cri_close,
};

const struct engine_driver engine_crio = {
	.comm = "crio",
	.type = "CRI",
	.engine_type = "k8s.io/cri-api",
	.pods_by_label = true,
	.open = open_view,
	.round = cri_round,
	.announces = cri_announces,
	.close = cri_close,
};
