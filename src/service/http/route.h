/* SPDX-License-Identifier: MIT */
/* The table of routes: each has a path, the methods that it serves, who may request it, and its
 * handler. */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/slice.h"

struct conn;
struct http_request;

enum route_flag {
	ROUTE_OPEN = 1,       /* needs no token */
	ROUTE_PAGE = 2,       /* a browser may open it from a page elsewhere */
	ROUTE_RESERVED = 4,   /* answered when all connections are at work */
	ROUTE_LOCAL = 8,      /* ours also when another discovery service is asked for the rest */
	ROUTE_WEBSOCKET = 16, /* only for requests to upgrade */
	ROUTE_BODY = 32,      /* any method, with a body: the handler reads it */
	ROUTE_POST = 64,      /* only POST, without a body, instead of GET and HEAD */
	ROUTE_DELETE = 128,   /* only DELETE, without a body, instead of GET and HEAD */
	ROUTE_BELOW = 256,    /* the path ends with a slash: every longer path that begins so */
	ROUTE_TICKET =
		512, /* also with a ticket (tickets.h) instead of the token, and uses it up */
	ROUTE_TICKET_KEPT = 1024, /* also with a ticket, which stays valid */
};

struct route {
	const char *path; /* decoded */
	uint32_t flags;   /* enum route_flag */
	/* Answer the request on @c, see conn.h. @ctx is that of the server. */
	void (*begin)(struct conn *c, void *ctx);
	/* What is wrong with the request, for a 400 whether or not it can be upgraded; NULL =
	 * nothing. May be NULL itself. */
	const char *(*check)(const struct http_request *r);
};

/* The route for @path, NULL if there is none. The first that matches counts. */
const struct route *route_find(const struct route *routes, size_t n, const char *path);

/* The methods of @route, as in a field Allow (RFC 9110 section 10.2.1); NULL is a route for GET. */
const char *route_methods(const struct route *route);

/* True when @route serves @method. */
bool route_serves(const struct route *route, struct http_slice method);

#endif
