/* SPDX-License-Identifier: MIT */
#include "service/serve/channels.h"

#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "proto/fdpass.h"
#include "proto/service_args.h"
#include "service/serve/events.h"
#include "service/serve/dig.h"
#include "service/serve/watch.h"

#define LOST_NS                                                                                    \
	(10 * 1000000000LL) /* longer than the broker waits before it starts discover again */

static void on_refreshed(void *ctx, bool is_fresh)
{
	struct app *a = ctx;

	if (is_fresh)
		hub_catalog(a->hub, &a->catalog.catalog);
}

int channels_init(struct app *a, struct err *e)
{
	a->refresh.ready = on_refreshed;
	a->refresh.ctx = a;
	a->broker_wsi = watch_add(a, WATCH_BROKER, SERVICE_FD_BROKER, 0);
	a->catalog_wsi = watch_add(a, WATCH_CATALOG, SERVICE_FD_CATALOG, 0);
	return a->broker_wsi && a->catalog_wsi ? 0
					       : err_set(e, -ENOMEM, "cannot watch the channels");
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
	watch_remove(a->catalog_wsi);
	catalog_client_reconnect(&a->catalog, fd);
	a->catalog_wsi = watch_add(a, WATCH_CATALOG, fd, 0);
}

static int on_message(struct app *a, const struct msg *m, struct fdset *fds)
{
	switch ((enum msg_op) m->op) {
	case MSG_RESTARTS:
		a->counters.service_restarts = m->u.restarts.service;
		a->counters.discover_restarts = m->u.restarts.discover;
		return 0;
	case MSG_CATALOG_CHANNEL:
		on_new_channel(a, fds);
		return 0;
	case MSG_DIG_OPENED:
		digs_opened(a, m, fds);
		return 0;
	case MSG_SHUTDOWN:
		app_end(a);
		return 0;
	default:
		return hub_message(a->hub, m, fds);
	}
}

int channels_on_broker(struct app *a)
{
	for (;;) {
		AUTO_FDSET struct fdset fds = FDSET_NONE;
		struct msg m;
		int rc = msg_recv(SERVICE_FD_BROKER, &m, &fds);

		if (rc == -EAGAIN)
			return 0;
		if (rc > 0)
			rc = on_message(a, &m, &fds);
		else
			rc = -EPIPE;
		if (rc < 0) {
			log_error("the broker is gone, ending");
			a->is_over = true;
			lws_cancel_service(a->lws);
			return -1;
		}
	}
}

int channels_on_catalog(struct app *a)
{
	int rc;

	if (a->catalog.channel < 0)
		return -1;
	rc = catalog_client_receive(&a->catalog);
	if (rc < 0) {
		a->catalog_wsi = NULL;
		return -1;
	}
	if (rc > 0) {
		hub_follow(a->hub, &a->catalog.catalog);
		events_generation(a);
	}
	return 0;
}
