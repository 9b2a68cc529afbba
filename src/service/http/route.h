/* SPDX-License-Identifier: MIT */
/* What the server answers: one table of paths, with who may ask for each, and what handles it. */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include <stddef.h>
#include <stdint.h>

struct conn;
struct http_request;

enum route_flag {
	ROUTE_OPEN = 1,       /* needs no token */
	ROUTE_PAGE = 2,       /* a browser may open it from a page elsewhere */
	ROUTE_RESERVED = 4,   /* answered when all connections are at work */
	ROUTE_LOCAL = 8,      /* ours also when another discovery service is asked for the rest */
	ROUTE_WEBSOCKET = 16, /* only for requests to upgrade */
	ROUTE_BODY = 32,      /* any method, with a body: the handler reads it */
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

/* The route for @path, NULL if there is none. */
const struct route *route_find(const struct route *routes, size_t n, const char *path);

#endif
