/* SPDX-License-Identifier: MIT */
/* The HTTP server: listening sockets, the connections from them, and how many there may be.
 *
 * Connections that do nothing for anybody make room for those that do. When there are as many as
 * there may be, a new one takes the place of the oldest one that waits for a request or has not
 * sent all of one. A peer address has at most SERVER_HEADS_PER_PEER connections whose request is
 * not complete; one more takes the place of its oldest. When all are at work, SERVER_RESERVE more
 * are taken, which may ask only for the routes with ROUTE_RESERVED;
 * so may those that come at the end. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdint.h>

#include "service/http/env.h"

#define SERVER_LISTENERS_MAX  16
#define SERVER_HEADS_PER_PEER 128
#define SERVER_RESERVE        16
/* The last descriptors, at most a quarter of all. Only connections of the reserve take them, and of
 * these no more than half: the others are for captures and catalogs. */
#define SERVER_RESERVED_FILES 64

struct server_listener {
	struct server *server;
	struct loop_source source;
};

struct server {
	struct http_env env;
	struct server_listener listeners[SERVER_LISTENERS_MAX];
	uint32_t n_listeners;
	int files_limit; /* a descriptor from here on is one of the last */
	int files_end;   /* no connection has one from here on */
	int spare_fd;    /* owned: given up to turn a connection away when there is no other */
};

/* Make one without listening sockets. @options says what it serves; its tls is taken over. */
void server_init(struct server *s, const struct http_env *options);

/* Listen on socket @fd (borrowed). Returns 0 or a negative errno. */
int server_listen(struct server *s, int fd);

/* Use @tls (taken over) for new connections. */
void server_set_tls(struct server *s, struct tls *tls);

/* Answer nothing new but the routes with ROUTE_RESERVED, and end connections that wait for a
 * request.
 */
void server_end(struct server *s);

/* Free all connections, and what the server owns. */
void server_done(struct server *s);

#endif
