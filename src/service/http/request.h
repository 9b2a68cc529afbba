/* SPDX-License-Identifier: MIT */
/* One request, as handlers see it. Everything is borrowed from the connection. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "http/target.h"

struct http_request {
	const struct http_head *head; /* as it was sent */
	const char *path;             /* decoded, ends with NUL */
	struct http_slice query;      /* encoded, without the question mark; empty = none */
	bool is_head;                 /* HEAD */
	bool has_ticket; /* a ticket permits it: @query is the ticket's, header fields do not
			    count */
};

/* Copy the value of field @name (lower case) into @ret. Returns false when it is absent, or does
 * not fit: @ret is then "". Of several, the first counts. */
bool http_request_field(
	const struct http_request *r, const char *name, char *ret, size_t cap_bytes);

/* How many query arguments are called @name? */
unsigned int http_request_count(const struct http_request *r, const char *name);

/* Copy the decoded value of the first query argument @name into @ret. Returns false when there is
 * none, or it does not fit: @ret is then "". */
bool http_request_argument(
	const struct http_request *r, const char *name, char *ret, size_t cap_bytes);

/* Make the decoded @path, which begins with a slash, the shortest one that means the same: single
 * slashes, no dot segments. A slash at its end stays. */
void http_clean_path(char *path);

#endif
