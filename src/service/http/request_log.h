/* SPDX-License-Identifier: MIT */
/* Log lines for each request, on demand: what is asked and what was answered (--log-requests), and
 * the header fields (--log-headers). Secrets are left out. */
#ifndef HTTP_REQUEST_LOG_H
#define HTTP_REQUEST_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define REQUEST_LOG_PEER_MAX 64 /* bytes of a client's address as text */

struct http_request;

/* Zeroed at first, and when nothing is to be logged at the end. */
struct request_log {
	char *line; /* owned */
};

/* Request @r of the client at @peer has come. */
void request_log_begin(
	struct request_log *l, const char *peer, const struct http_request *r, bool has_headers);

/* Its answer, of @status and @n_bytes, has been sent, or was cut short; it was asked for at
 * @began_ns (monotonic). */
void request_log_end(
	struct request_log *l, unsigned int status, uint64_t n_bytes, int64_t began_ns);

#endif
