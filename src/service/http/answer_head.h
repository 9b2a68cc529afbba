/* SPDX-License-Identifier: MIT */
/* The head of an answer (RFC 9112): the status line, and every field that does not depend on the
 * handler, among them what browsers must not do with the answer. No I/O. */
#ifndef HTTP_ANSWER_HEAD_H
#define HTTP_ANSWER_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWER_HEAD_BYTES 1536 /* of all heads, without the fields of the handler */

struct answer_head {
	int status;
	const char *type;   /* Content-Type, NULL = none */
	const char *fields; /* of the handler, each with its line end; NULL = none */
	const char *allow;  /* 405: the methods of the route */
	const char *accept; /* 101: Sec-WebSocket-Accept */
	bool has_length;
	uint64_t len_bytes;
	bool is_chunked, is_http10;
	bool closes;     /* the connection ends with this answer */
	bool no_store;   /* no cache keeps it */
	bool is_upgrade; /* the answer to a request to upgrade */
};

/* Write the head into @ret of @cap_bytes, which is at least ANSWER_HEAD_BYTES and the length of the
 * handler's fields. Returns its length. */
size_t answer_head_put(const struct answer_head *h, char *ret, size_t cap_bytes);

/* "Not Found" for 404. */
const char *answer_head_phrase(int status);

#endif
