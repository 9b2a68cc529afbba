/* SPDX-License-Identifier: MIT */
/* Passing requests on to another discovery service (--proxy-discovery, wire contract 1.4): plain
 * HTTP and WebSockets. */
#ifndef SERVE_PROXY_H
#define SERVE_PROXY_H

#include "service/serve/connection.h"

struct proxy;

/* Pass the HTTP request on @c for @path on; the headers must still be there. Returns what the
 * libwebsockets callback has to return. */
int proxy_begin_http(struct connection *c, const char *path);

/* Keep what a WebSocket request for @path needs (its headers are still there), and, once it is
 * established, connect to the other service. Both return what the callback has to return. */
int proxy_prepare_ws(struct connection *c, const char *path);
int proxy_begin_ws(struct connection *c);

/* The client's socket takes more; the client sent a message, or a part of its request's body. */
int proxy_on_writable(struct connection *c);
int proxy_on_client_message(struct connection *c, const void *data, size_t len_bytes);
int proxy_on_client_body(struct connection *c, const void *data, size_t len_bytes);

/* NULL is fine. */
void proxy_free(struct proxy *p);

#endif
