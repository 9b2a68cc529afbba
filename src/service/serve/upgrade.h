/* SPDX-License-Identifier: MIT */
/* Requests that want to become WebSockets. */
#ifndef SERVE_UPGRADE_H
#define SERVE_UPGRADE_H

#include <stdbool.h>
#include <stddef.h>

#include <libwebsockets.h>

#include "service/serve/app.h"

#define UPGRADE_DIG_PATH       "/mobydig"
#define UPGRADE_DIG_TARGET     "missing or multiple target query parameters"
#define UPGRADE_PATH_MAX_BYTES 2048

/* May the request on @wsi, which asks to be upgraded to @to, become a WebSocket (RFC 6455 section
 * 4.2.1, and who may ask)? Returns 0, or -1 when it was refused with an answer. */
int upgrade_check(struct lws *wsi, const char *to);

/* The path of such a request. Returns false when there is none, or it does not fit. */
bool upgrade_path(struct lws *wsi, char *ret, size_t cap);

/* Does @path lead to us digging, and not to another service? */
bool upgrade_is_dig(const struct app *a, const char *path);

#endif
