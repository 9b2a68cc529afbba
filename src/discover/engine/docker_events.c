/* SPDX-License-Identifier: MIT */
#include "discover/engine/docker_events.h"

#include <stdio.h>

#define PAUSE_FIRST_NS 500000000
#define PAUSE_MAX_NS   30000000000
#define HEAD_MAX_BYTES 65536

static void on_data(void *ctx)
{
	struct docker_events *ev = ctx;

	backoff_reset(&ev->retry);
	ev->conf.event_fn(ev->conf.ctx);
}

static void on_end(void *ctx, const struct http_answer *a)
{
	struct docker_events *ev = ctx;

	(void) a;
	ev->request = NULL;
	backoff_wait(&ev->retry);
}

static void connect_now(void *ctx)
{
	struct docker_events *ev = ctx;
	char path[320];
	struct http_get get = {
		.max_bytes = HEAD_MAX_BYTES, .done_fn = on_end, .data_fn = on_data, .ctx = ev};

	(void) snprintf(path, sizeof(path), "/events?filters=%s", ev->conf.filters);
	/* events between two connections were missed */
	if (ev->connections++ > 0)
		ev->conf.event_fn(ev->conf.ctx);
	ev->request = docker_end_ask(ev->conf.end, ev->conf.env->http, &get, path);
	if (!ev->request)
		backoff_wait(&ev->retry);
}

void docker_events_start(struct docker_events *ev, const struct docker_events_conf *conf)
{
	*ev = (struct docker_events){.conf = *conf};
	backoff_init(&ev->retry, ev->conf.env->loop, PAUSE_FIRST_NS, PAUSE_MAX_NS, connect_now, ev);
	connect_now(ev);
}

void docker_events_stop(struct docker_events *ev)
{
	if (!ev->conf.env)
		return;
	backoff_cancel(&ev->retry);
	http_cancel(ev->conf.env->http, ev->request);
	*ev = (struct docker_events){0};
}
