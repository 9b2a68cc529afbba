/* SPDX-License-Identifier: MIT */
/* Descriptors in the loop that are no connections: listening sockets, the two channels, and the
 * event descriptors of captures. */
#ifndef SERVE_WATCH_H
#define SERVE_WATCH_H

#include <libwebsockets.h>

#include "service/serve/app.h"

#define WATCH_PROTOCOL "descriptor"

enum watch_kind {
	WATCH_LISTENER = 1,
	WATCH_BROKER,
	WATCH_CATALOG,
	WATCH_CAPTURE
};

/* State of each watched descriptor, kept by libwebsockets. */
struct watched {
	enum watch_kind kind;
	int fd;      /* for WATCH_CAPTURE borrowed from the hub, which closes it */
	uint32_t id; /* of the capture */
};

/* Watch @fd for input. Returns the handle, NULL on failure. A copy of the descriptor is watched; it
 * is closed with the handle. */
struct lws *watch_add(struct app *a, enum watch_kind kind, int fd, uint32_t id);
void watch_remove(struct lws *wsi);

/* The libwebsockets callback of WATCH_PROTOCOL. */
int watch_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

#endif
