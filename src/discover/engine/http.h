/* SPDX-License-Identifier: MIT */
/* HTTP requests over unix sockets without waiting, any number at once (libcurl's multi interface in
 * our event loop). What the other side sends is bounded in size and, if wanted, in time. */
#ifndef DISCOVER_HTTP_H
#define DISCOVER_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"

struct http;
struct http_request;

struct http_answer {
	int error;        /* 0, -ETIMEDOUT, -E2BIG (more than @max_bytes), -EIO for everything else;
			   * valid fields follow only on 0 */
	long status;      /* 200 ... */
	char *body;       /* borrowed until the callback returns, may be changed; NULL if empty */
	size_t len_bytes; /* of the body */
	const struct http_request *request; /* for http_answer_header() */
};

struct http_get {
	int socket_fd;    /* an O_PATH descriptor of the unix socket, borrowed until the end */
	uint32_t peer;    /* number of the peer: connections are reused for equal numbers */
	const char *path; /* of the URL, begins with '/'; copied */
	int timeout_ms;   /* for all of it; 0 = no limit */
	size_t max_bytes; /* of the headers, and of a body that is kept */
	/* The end, for whatever reason; the request is gone when this returns. Never called from
	 * inside http_start() or http_cancel(). */
	void (*done_fn)(void *ctx, const struct http_answer *a);
	/* If set, the body is not kept; this is called when some of that of a 200 has come in, of
	 * which not more than a MiB a second is read. May not start or cancel requests. */
	void (*data_fn)(void *ctx);
	void *ctx;
};

/* NULL when there is no memory. */
struct http *http_new(struct loop *loop);

/* Cancel everything. NULL is fine. */
void http_free(struct http *h);

/* Returns the request, or NULL when there is no memory. */
struct http_request *http_start(struct http *h, const struct http_get *get);

/* The value of the first header called @name, NULL if there is none. Borrowed until the
 * callback returns. */
const char *http_answer_header(const struct http_answer *a, const char *name);

/* Forget a request without calling its @done_fn. NULL is fine. */
void http_cancel(struct http *h, struct http_request *r);

#endif
