/* SPDX-License-Identifier: MIT */
#include "service/app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "proto/service_args.h"
#include "service/answer/packing.h"
#include "service/channels.h"
#include "service/ending.h"
#include "service/process.h"
#include "service/routes.h"

#define TICK_NS 1000000000LL

static void on_tick(void *ctx)
{
	struct app *a = ctx;
	int64_t now_ns = clock_mono_ns();

	hub_tick(a->hub, now_ns);
	catalog_client_tick(&a->catalog, now_ns);
	channels_tick(a, now_ns);
	events_tick(&a->events, now_ns);
	/* discover reports changes by itself only where the kernel does */
	if (a->events.n > 0 && now_ns - a->events_checked_ns >= EVENTS_CHECK_NS) {
		a->events_checked_ns = now_ns;
		catalog_client_renew(&a->catalog, 0, now_ns);
	}
	digs_tick(&a->digs, now_ns);
	if (a->named_generation != a->catalog.generation)
		hub_names(a->hub, &a->catalog.catalog);
	a->named_generation = a->catalog.generation;
	if (ending_is_over(a, now_ns)) {
		loop_stop(&a->loop);
		return;
	}
	/* while ending, viewers leave within moments */
	loop_arm(&a->loop, &a->tick, now_ns + (a->is_ending ? ENDING_TICK_NS : TICK_NS));
}

/* A capture whose reader has an event descriptor. */
struct capture_watch {
	struct app *app;
	struct loop_source source;
	uint32_t id;
};

static void on_capture(void *ctx, uint32_t events)
{
	const struct capture_watch *w = ctx;

	(void) events;
	hub_event(w->app->hub, w->id);
}

static void *watch_capture(void *ctx, int fd, uint32_t id)
{
	struct capture_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->app = ctx;
	w->source = (struct loop_source){.fd = fd, .fn = on_capture, .ctx = w};
	w->id = id;
	if (loop_watch(&w->app->loop, &w->source, EPOLLIN) == 0)
		return w;
	free(w);
	return NULL;
}

static void unwatch_capture(void *ctx, void *handle)
{
	struct app *a = ctx;
	struct capture_watch *w = handle;

	loop_unwatch(&a->loop, &w->source);
	free(w);
}

static void refresh(void *ctx)
{
	channels_refresh(ctx);
}

static const struct hub_ops hub_ops = {watch_capture, unwatch_capture, refresh};

static void on_accept(void *ctx, int fd)
{
	struct app *a = ctx;

	endpoints_learn_connection(&a->endpoints, fd);
}

static int init_server(struct app *a, struct err *e)
{
	const struct config *c = a->config;
	struct http_env o = {.loop = &a->loop,
		.access = {.token = c->secrets.token,
			.own_host = c->own_host,
			.n_own_host = c->n_own_host,
			.allow_host = c->allow_host,
			.n_allow_host = c->n_allow_host},
		.tickets = &a->tickets,
		.routes = routes,
		.n_routes = routes_n,
		.elsewhere = c->proxy ? &route_elsewhere : NULL,
		.ctx = a,
		.on_accept = on_accept,
		.max_connections = c->max_connections,
		.logs_requests = c->log_requests || c->log_headers,
		.logs_headers = c->log_headers};
	int rc = c->secrets.tls_cert ? tls_new(c->secrets.tls_cert, c->secrets.tls_key, &o.tls, e)
				     : 0;

	if (rc == 0)
		server_init(&a->server, &o);
	return rc;
}

static int listen_all(struct app *a, struct err *e)
{
	for (uint32_t i = 0; i < a->config->n_listen; i++) {
		int fd = SERVICE_FD_FILES + (int) i;

		if (endpoints_learn_listener(&a->endpoints, fd) < 0)
			return err_set(e, -ENOTSOCK, "was given no listening socket");
		if (server_listen(&a->server, fd) < 0)
			return err_set(e, -ENOMEM, "cannot watch a listening socket");
	}
	a->endpoints.known.own_inode = a->config->own_netns;
	endpoints_publish(&a->endpoints);
	return 0;
}

/* The environments of the parts. */
static void wire(struct app *a)
{
	const struct config *c = a->config;

	a->answers = (struct answer_env){.packings = {.loop = &a->loop},
		.catalog = &a->catalog,
		.is_guarded = c->secrets.token != NULL};
	a->endpoints.hub = a->hub;
	a->views = (struct view_env){.session = {.loop = &a->loop,
					     .machine = {c->hardware, c->os},
					     .catalog = &a->catalog,
					     .compilers = &a->compilers,
					     .hub = a->hub,
					     .proxying = c->proxy ? &a->proxy : NULL,
					     .n_refused = &a->captures_refused,
					     .n_late = &a->packets_late,
					     .max_targets = c->max_targets},
		.endpoints = &a->endpoints};
	a->events.catalog = &a->catalog;
	a->events.discover_restarts = &a->discover_restarts;
	a->digs = (struct digs){
		.loop = &a->loop, .catalog = &a->catalog, .broker_fd = SERVICE_FD_BROKER};
	a->tick = (struct loop_timer){.fn = on_tick, .ctx = a};
}

int app_init(struct app *a, struct config *config, struct err *e)
{
	int rc;

	memset(a, 0, sizeof(*a));
	a->config = config;
	a->statm_fd = process_open_statm();
	a->began_s = clock_wall_ns() / 1000000000;
	a->server.spare_fd = -1;
	catalog_client_init(&a->catalog, SERVICE_FD_CATALOG, config->max_age_ms);
	rc = loop_init(&a->loop);
	if (rc < 0)
		return err_sys(e, rc, "cannot make an event loop");
	a->hub = hub_new(SERVICE_FD_BROKER, &config->limits, &hub_ops, a);
	if (!a->hub)
		return err_set(e, -ENOMEM, "out of memory");
	if (compilers_init(&a->compilers, &a->loop, SERVICE_FD_BROKER) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	wire(a);
	if (config->proxy)
		proxy_env_init(&a->proxy, &a->loop, config->discovery_service, config->gw_port,
			config->secrets.token != NULL);
	rc = init_server(a, e);
	if (rc == 0)
		rc = listen_all(a, e);
	if (rc == 0)
		rc = channels_init(a, e);
	return rc;
}

void app_run(struct app *a)
{
	struct msg ready = {.op = MSG_READY};
	int rc;

	loop_arm(&a->loop, &a->tick, clock_mono_ns() + TICK_NS);
	(void) msg_send(SERVICE_FD_BROKER, &ready, NULL, 0);
	rc = loop_run(&a->loop);
	if (rc < 0)
		log_error("cannot wait for events: %s", strerror(-rc));
}

/* Connections go first: they hold what all others serve. Nothing is freed that one of them still
 * waits for. */
void app_done(struct app *a)
{
	server_done(&a->server);
	tickets_done(&a->tickets);
	packings_done(&a->answers.packings);
	compilers_done(&a->compilers);
	hub_free(a->hub);
	events_done(&a->events);
	channels_done(a);
	catalog_client_done(&a->catalog);
	if (a->config->proxy)
		proxy_env_done(&a->proxy);
	close_p(&a->statm_fd);
	loop_disarm(&a->loop, &a->tick);
	loop_done(&a->loop);
}
