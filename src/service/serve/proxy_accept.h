/* SPDX-License-Identifier: MIT */
/* New connections of a service that proxies: those with a request for this service go on as if
 * there were no proxy, at full speed. */
#ifndef SERVE_PROXY_ACCEPT_H
#define SERVE_PROXY_ACCEPT_H

#include "service/serve/app.h"

#define PROXY_ACCEPT_PROTOCOL "proxy-accept"

/* State of each connection that has not said yet what it wants, kept by libwebsockets. */
struct proxy_accept {
	bool has_fd;
	int fd; /* owned */
};

/* Take over @fd, a client's socket. */
void proxy_accept(struct app *a, int fd);

/* The libwebsockets callback of PROXY_ACCEPT_PROTOCOL. */
int proxy_accept_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

#endif
