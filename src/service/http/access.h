/* SPDX-License-Identifier: MIT */
/* Who may ask: the Host must be one we answer to (DNS rebinding), a browser's request must come
 * from our own page, and the token must be right if there is one. Everything is judged by parsed
 * values. */
#ifndef HTTP_ACCESS_H
#define HTTP_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "http/authority.h"
#include "service/http/request.h"

/* What is allowed; everything is borrowed. */
struct access {
	const char *token;           /* NULL = none is needed */
	const char *const *own_host; /* this machine's names */
	uint32_t n_own_host;
	const char *const *allow_host;
	uint32_t n_allow_host;
};

/* Warnings about hosts that are refused: some now and then. */
struct access_warning {
	int64_t next_ns; /* monotonic */
	uint32_t n_kept; /* that were not written since */
};

/* Judge @r for a route with @flags (enum route_flag). @host is its Host. Returns 0, or an HTTP
 * status (401, 403, 421) with words in *@ret_why. */
int access_judge(const struct access *a, const struct http_request *r,
	const struct http_authority *host, uint32_t flags, const char **ret_why);

/* Are @a and @b the same? Takes the same time wherever they differ. */
bool access_same_token(const char *a, const char *b);

/* May a client call this service @host? Addresses are always fine, as no name can be rebound to
 * them; names are "localhost", this machine's and those of @a. */
bool access_host_allowed(const struct access *a, const struct http_authority *host);

/* Write a warning that names --allow-host for a refused @host, unless there were enough of them. */
void access_warn(struct access_warning *w, const struct http_authority *host, int64_t now_ns);

#endif
