/* SPDX-License-Identifier: MIT */
/* What the connections of a server share: what is served and to whom, how many there are, and
 * counts.
 */
#ifndef HTTP_ENV_H
#define HTTP_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"
#include "service/http/access.h"
#include "service/http/conn_set.h"
#include "service/http/route.h"
#include "service/http/tickets.h"
#include "service/http/tls.h"

#define HTTP_ENV_HEADS_BYTES 33554432 /* of all requests that are not complete */

struct http_counters {
	uint64_t requests;            /* answered, or handed to another service */
	uint64_t refused_connections; /* for which there was no place */
	uint64_t evicted_connections; /* that made room for others */
	uint64_t refused_access;      /* for want of a token (401), or for Host or Origin */
	uint64_t unauthorized;        /* of these, for want of a token */
};

/* Everything but what is set by options is zeroed at first. */
struct http_env {
	/* options: */
	struct loop *loop;    /* borrowed, as all else here */
	struct access access; /* who may ask */
	struct tickets *tickets;
	struct tls *tls; /* owned by the server; NULL = plain */
	const struct route *routes;
	size_t n_routes;
	const struct route *elsewhere; /* of the paths that no route has, NULL = none */
	void *ctx;                     /* of the routes and of on_accept() */
	void (*on_accept)(void *ctx, int fd);
	uint32_t max_connections;
	bool logs_requests, logs_headers;

	struct conn_set conns;
	size_t heads_bytes; /* of HTTP_ENV_HEADS_BYTES */
	bool is_ending;     /* no connection goes on after its answer */
	struct http_counters counters;
	struct access_warning warning;
};

#endif
