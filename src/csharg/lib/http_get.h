/* SPDX-License-Identifier: MIT */
/* GET requests to the service. */
#ifndef CSHARG_HTTP_GET_H
#define CSHARG_HTTP_GET_H

#include "csharg/lib/client.h"

#define HTTP_HEAD_MAX 65536

struct http_answer {
	long status;
	char type[64]; /* media type without parameters, in lower case */
	char location[512];
	char *body; /* owned, @len_bytes and a NUL */
	size_t len_bytes, cap_bytes;
};

/* Ask for @path and keep at most @max_bytes of the answer. Any status is an answer. Free @ret with
 * http_answer_done(). Returns 0, or a negative errno as in csharg.h with @e filled. */
int http_get(struct csharg_client *c, const char *path, size_t max_bytes, struct http_answer *ret,
	struct err *e);
void http_answer_done(struct http_answer *a);

/* Bytes of a stream of events, borrowed. Return 0 to go on. */
typedef int (*http_event_fn)(void *ctx, const char *bytes, size_t len_bytes);

/* Ask for the stream of server-sent events at @path, without a time limit once it has begun, until
 * it ends, @fn returns something else than 0 (which is returned as it is; it must be negative), or
 * the client is cancelled (-ECANCELED). Returns 0 when it has ended, -ENOSYS when the service
 * answers anything else than such a stream. */
int http_events(
	struct csharg_client *c, const char *path, http_event_fn fn, void *ctx, struct err *e);

#endif
