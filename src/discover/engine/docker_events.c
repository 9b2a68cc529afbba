/* SPDX-License-Identifier: MIT */
#include "discover/engine/docker_events.h"

#include <stdio.h>

#include "base/clock.h"

#define PAUSE_FIRST_NS 500000000
#define PAUSE_MAX_NS   30000000000
#define HEAD_MAX_BYTES 65536

static void on_data(void *ctx)
{
	struct docker_events *ev = ctx;

	ev->pause_ns = PAUSE_FIRST_NS;
	ev->event_fn(ev->ctx);
}

static void retry_later(struct docker_events *ev)
{
	loop_arm(ev->env->loop, &ev->retry, clock_mono_ns() + ev->pause_ns);
	ev->pause_ns *= 2;
	if (ev->pause_ns > PAUSE_MAX_NS)
		ev->pause_ns = PAUSE_MAX_NS;
}

static void on_end(void *ctx, const struct http_answer *a)
{
	struct docker_events *ev = ctx;

	(void) a;
	ev->request = NULL;
	retry_later(ev);
}

static void connect_now(void *ctx)
{
	struct docker_events *ev = ctx;
	char path[320];
	struct http_get get = {
		.max_bytes = HEAD_MAX_BYTES, .done_fn = on_end, .data_fn = on_data, .ctx = ev};

	(void) snprintf(path, sizeof(path), "/events?filters=%s", ev->filters);
	/* what happened while nobody listened was not told */
	if (ev->connections++ > 0)
		ev->event_fn(ev->ctx);
	ev->request = docker_end_ask(ev->end, ev->env->http, &get, path);
	if (!ev->request)
		retry_later(ev);
}

void docker_events_start(struct docker_events *ev)
{
	ev->retry = (struct loop_timer){.fn = connect_now, .ctx = ev};
	ev->pause_ns = PAUSE_FIRST_NS;
	connect_now(ev);
}

void docker_events_stop(struct docker_events *ev)
{
	if (!ev->env)
		return;
	loop_disarm(ev->env->loop, &ev->retry);
	http_cancel(ev->env->http, ev->request);
	*ev = (struct docker_events){0};
}
