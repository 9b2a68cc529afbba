/* SPDX-License-Identifier: MIT */
#include "service/serve/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "service/serve/channels.h"
#include "service/serve/dig.h"
#include "service/serve/listener.h"

struct lws *watch_add(struct app *a, enum watch_kind kind, int fd, uint32_t id)
{
	lws_sock_file_fd_type d;
	struct watched *w;
	struct lws *wsi;

	d.filefd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (d.filefd < 0)
		return NULL;
	wsi = lws_adopt_descriptor_vhost(
		a->vhost, LWS_ADOPT_RAW_FILE_DESC, d, WATCH_PROTOCOL, NULL);
	if (!wsi)
		return NULL; /* libwebsockets has closed it */
	a->n_watched++;
	w = lws_wsi_user(wsi);
	w->kind = kind;
	w->fd = fd;
	w->id = id;
	return wsi;
}

void watch_remove(struct lws *wsi)
{
	if (wsi)
		lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

int watch_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct watched *w = user;
	struct app *a = app_of(wsi);

	(void) in;
	(void) len;
	if (reason == LWS_CALLBACK_RAW_CLOSE_FILE)
		a->n_watched--;
	if (reason == LWS_CALLBACK_RAW_CLOSE_FILE && w && w->kind == WATCH_DIG)
		digs_unwatched(a, w->id);
	if (reason != LWS_CALLBACK_RAW_RX_FILE)
		return 0;
	switch (w->kind) {
	case WATCH_LISTENER:
		listener_accept(a, w->fd);
		return 0;
	case WATCH_BROKER:
		return channels_on_broker(a);
	case WATCH_CATALOG:
		return channels_on_catalog(a);
	case WATCH_CAPTURE:
		hub_event(a->hub, w->id);
		return 0;
	case WATCH_DIG:
		digs_event(a, w->id);
		return 0;
	default:
		return -1;
	}
}
