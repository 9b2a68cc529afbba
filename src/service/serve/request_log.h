/* SPDX-License-Identifier: MIT */
/* One log line for each request, on demand (--log-requests), and its headers (--log-headers). */
#ifndef SERVE_REQUEST_LOG_H
#define SERVE_REQUEST_LOG_H

#include "service/serve/app.h"

/* Count the request for @path on @wsi, whose headers must still be there, and log it if that is
 * wanted. */
void request_log(struct app *a, struct lws *wsi, const char *path);

#endif
