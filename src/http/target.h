/* SPDX-License-Identifier: MIT */
/* A parser for request targets (RFC 9112 section 3.2) and their query arguments. No I/O, no
 * allocation. */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include <stdbool.h>

#include "http/authority.h"
#include "http/head.h"
#include "http/percent.h"

struct http_target {
	struct http_slice path;  /* encoded, begins with a slash, or "*" */
	struct http_slice query; /* encoded, without the question mark */
	bool is_absolute;        /* the target names @authority */
	struct http_authority authority;
	bool is_asterisk; /* "*": the server as a whole */
};

/* Parse @s: origin form, absolute form (http or https) or "*"; authority form is refused. @ret
 * points into @s. Refused as well: '#', escapes that are incomplete, and escapes for control
 * characters (the tab is allowed in the query). Returns 0 or -EINVAL. */
int http_target_parse(struct http_slice s, struct http_target *ret);

/* Take the next argument, "name" or "name=value", off @query; both stay encoded. Empty arguments
 * are skipped. Returns false at the end. */
bool http_query_next(
	struct http_slice *query, struct http_slice *ret_name, struct http_slice *ret_value);

#endif
