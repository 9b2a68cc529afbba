/* SPDX-License-Identifier: MIT */
#include "service/channels.h"

#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "proto/fdpass.h"
#include "proto/service_args.h"
#include "service/ending.h"
#include "service/reload.h"

#define SECOND_NS 1000000000LL
#define LOST_NS                                                                                    \
	(10 * SECOND_NS) /* longer than the broker waits before it starts discover again           \
			  */

static void on_refreshed(void *ctx, bool is_fresh)
{
	struct app *a = ctx;

	if (is_fresh)
		hub_catalog(a->hub, &a->catalog.catalog);
}

/* Watch the newest catalog channel. When that fails, it is tried again every second. */
static void watch_catalog(void *ctx)
{
	struct app *a = ctx;

	a->catalog_source.fd = a->catalog.channel;
	if (a->catalog.channel < 0 || loop_watch(&a->loop, &a->catalog_source, EPOLLIN) == 0)
		return;
	log_warn("cannot watch the channel to discover, trying again");
	loop_arm(&a->loop, &a->catalog_retry, clock_mono_ns() + SECOND_NS);
}

static void on_catalog(void *ctx, uint32_t events)
{
	struct app *a = ctx;
	int rc;

	(void) events;
	rc = catalog_client_receive(&a->catalog);
	if (rc < 0) {
		loop_unwatch(&a->loop, &a->catalog_source);
		catalog_client_hang_up(&a->catalog);
	}
	if (rc > 0) {
		hub_follow(a->hub, &a->catalog.catalog);
		events_generation(&a->events);
	}
}

void channels_tick(struct app *a, int64_t now_ns)
{
	struct msg m = {.op = MSG_DISCOVER_LOST};

	if (a->catalog.channel >= 0 || now_ns - a->catalog.lost_ns < LOST_NS)
		return;
	a->catalog.lost_ns = now_ns;
	(void) msg_send(SERVICE_FD_BROKER, &m, NULL, 0);
}

void channels_refresh(struct app *a)
{
	if (!a->refresh.is_waiting)
		catalog_client_wait(&a->catalog, &a->refresh, clock_mono_ns());
}

static void on_new_channel(struct app *a, struct fdset *fds)
{
	int fd = fdset_take(fds, 0);

	if (fd < 0)
		return;
	loop_unwatch(&a->loop, &a->catalog_source);
	catalog_client_reconnect(&a->catalog, fd);
	watch_catalog(a);
}

static int on_message(struct app *a, const struct msg *m, struct fdset *fds)
{
	switch ((enum msg_op) m->op) {
	case MSG_RESTARTS:
		a->service_restarts = m->u.restarts.service;
		a->discover_restarts = m->u.restarts.discover;
		a->discover_is_silent = m->u.restarts.discover_is_silent;
		return 0;
	case MSG_RELOAD:
		reload(a, &m->u.reload, fds);
		return 0;
	case MSG_PING:
		/* a full channel is empty again before the watchdog's time is over */
		(void) msg_send(
			SERVICE_FD_BROKER, &(struct msg){.op = MSG_PONG, .id = m->id}, NULL, 0);
		return 0;
	case MSG_CATALOG_CHANNEL:
		on_new_channel(a, fds);
		return 0;
	case MSG_DIG_OPENED:
		digs_opened(&a->digs, m, fds);
		return 0;
	case MSG_COMPILE_OPENED:
		compilers_opened(&a->compilers, m, fds);
		return 0;
	case MSG_SHUTDOWN:
		ending_begin(a);
		return 0;
	default:
		return hub_message(a->hub, m, fds);
	}
}

static void on_broker(void *ctx, uint32_t events)
{
	struct app *a = ctx;

	(void) events;
	for (;;) {
		AUTO_FDSET struct fdset fds = FDSET_NONE;
		struct msg m;
		int rc = msg_recv(SERVICE_FD_BROKER, &m, &fds);

		if (rc == -EAGAIN)
			return;
		if (rc > 0)
			rc = on_message(a, &m, &fds);
		else
			rc = -EPIPE;
		if (rc < 0) {
			log_error("the broker is gone, ending");
			loop_unwatch(&a->loop, &a->broker_source);
			loop_stop(&a->loop);
			return;
		}
	}
}

int channels_init(struct app *a, struct err *e)
{
	int rc;

	a->refresh.ready = on_refreshed;
	a->refresh.ctx = a;
	a->broker_source = (struct loop_source){.fd = SERVICE_FD_BROKER, .fn = on_broker, .ctx = a};
	a->catalog_source =
		(struct loop_source){.fd = SERVICE_FD_CATALOG, .fn = on_catalog, .ctx = a};
	a->catalog_retry = (struct loop_timer){.fn = watch_catalog, .ctx = a};
	rc = loop_watch(&a->loop, &a->broker_source, EPOLLIN);
	if (rc == 0)
		rc = loop_watch(&a->loop, &a->catalog_source, EPOLLIN);
	return rc < 0 ? err_set(e, rc, "cannot watch the channels") : 0;
}

void channels_done(struct app *a)
{
	loop_unwatch(&a->loop, &a->broker_source);
	loop_unwatch(&a->loop, &a->catalog_source);
	loop_disarm(&a->loop, &a->catalog_retry);
}
