/* SPDX-License-Identifier: MIT */
#include "discover/engine/docker_events.h"

#include <stdio.h>

#include "base/clock.h"

#define PAUSE_FIRST_NS 500000000
#define PAUSE_MAX_NS   30000000000
#define HEAD_MAX_BYTES 65536

/* {"type":["container"],"event":["start","die","pause","unpause","rename"]} */
#define FILTERS                                                                                    \
	"%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22start%22%2C%22die%22%2C"      \
	"%22pause%22%2C%22unpause%22%2C%22rename%22%5D%7D"

static void on_data(void *ctx)
{
	struct docker_events *ev = ctx;

	ev->pause_ns = PAUSE_FIRST_NS;
	ev->env->change_fn(ev->env->ctx);
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
	char path[256];
	const struct http_get get = {.socket_fd = ev->end->fd,
		.peer = ev->end->peer,
		.path = path,
		.max_bytes = HEAD_MAX_BYTES,
		.done_fn = on_end,
		.data_fn = on_data,
		.ctx = ev};

	(void) snprintf(
		path, sizeof(path), "/v%s/events?filters=%s", ev->end->version.api, FILTERS);
	ev->request = http_start(ev->env->http, &get);
	if (!ev->request)
		retry_later(ev);
}

void docker_events_start(
	struct docker_events *ev, struct engine_env *env, const struct docker_end *end)
{
	*ev = (struct docker_events){.env = env,
		.end = end,
		.retry = {.fn = connect_now, .ctx = ev},
		.pause_ns = PAUSE_FIRST_NS};
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
