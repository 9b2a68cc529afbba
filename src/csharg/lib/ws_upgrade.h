/* SPDX-License-Identifier: MIT */
/* The request for a capture and the answer to it (RFC 6455, section 4.1; wire contract 3.6). No
 * I/O. */
#ifndef CSHARG_WS_UPGRADE_H
#define CSHARG_WS_UPGRADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "http/ws_key.h"

#define WS_NONCE_BYTES HTTP_WS_NONCE_BYTES
#define WS_ANSWER_MAX  65536 /* head, and what is kept of a body */

struct ws_request {
	const char *authority, *path; /* of the service's URL: "host:5001", "" or "/base" */
	const char *const *header;    /* further lines "Name: value", @n_headers of them */
	size_t n_headers;
	const char *user_agent;
	const char *container; /* JSON */
	const char *nif;
	const char *filter; /* "" = none */
	bool chaste;
	const char *follow, *names; /* NULL = not sent */
	uint32_t snaplen_bytes;     /* 0 = whole packets */
	uint8_t nonce[WS_NONCE_BYTES];
};

/* The bytes of the request. *@ret is owned by the caller. Parameters stand in the query, in
 * alphabetical order, and again in headers as they are. Returns the length, -ENOMEM, or -EINVAL
 * when the filter has line breaks or other control characters, which no header can carry (tabs
 * can). */
ssize_t ws_request_text(const struct ws_request *r, char **ret, struct err *e);

/* Judge the answer whose first @len_bytes bytes are at @p. Returns 0 when more bytes are needed,
 * the length of the head when it is an upgrade that belongs to @nonce, -EACCES for 401 and 403,
 * else -EPROTO, with @e filled. @at_end: nothing more will come; an answer that is no upgrade is
 * judged when its body is there as announced, or then. */
ssize_t ws_answer_judge(const char *p, size_t len_bytes, bool at_end,
	const uint8_t nonce[WS_NONCE_BYTES], struct err *e);

#endif
