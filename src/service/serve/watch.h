/* SPDX-License-Identifier: MIT */
/* Descriptors in the loop that are no connections: listening sockets, the two channels, the event
 * descriptors of captures, and the sockets to digs. */
#ifndef SERVE_WATCH_H
#define SERVE_WATCH_H

#include <libwebsockets.h>

#include "service/serve/app.h"

#define WATCH_PROTOCOL "descriptor"

enum watch_kind {
	WATCH_LISTENER = 1,
	WATCH_BROKER,
	WATCH_CATALOG,
	WATCH_CAPTURE,
	WATCH_DIG
};

/* State of each watched descriptor, kept by libwebsockets. */
struct watched {
	enum watch_kind kind;
	int fd;      /* for WATCH_CAPTURE and WATCH_DIG borrowed from their owners */
	uint32_t id; /* of the capture or dig */
};

/* Watch @fd for input. Returns the handle, NULL on failure. A copy of the descriptor is watched; it
 * is closed with the handle. */
struct lws *watch_add(struct app *a, enum watch_kind kind, int fd, uint32_t id);
void watch_remove(struct lws *wsi);

/* The libwebsockets callback of WATCH_PROTOCOL. */
int watch_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

#endif
