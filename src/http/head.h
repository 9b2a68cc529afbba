/* SPDX-License-Identifier: MIT */
/* A strict parser for heads of HTTP/1 messages (RFC 9112). A head that two programs could read
 * differently is refused. Bytes in, slices of them out; no I/O, no allocation.
 *
 * Refused: control characters except the tab, a CR or LF that is not part of a CRLF, continuation
 * lines, blanks before the colon of a field, names that are no tokens, request lines with anything
 * but two single blanks. Up to two empty lines before a head are skipped.
 *
 * The result does not depend on how the bytes are divided between calls. Errors are HTTP statuses
 * with a minus sign: 400 for what is no head, 414 for a request line over its limit, 431 for a head
 * or a number of fields over its limit, 501 for a transfer coding in a request, 505 for other
 * versions. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/slice.h"

#define HTTP_TARGET_MAX 262144                 /* bytes of a request's target */
#define HTTP_LINE_MAX   (HTTP_TARGET_MAX + 64) /* of its line: method, target, version */
#define HTTP_HEAD_MAX   327680                 /* of a whole head */
#define HTTP_FIELDS_MAX 128

struct http_field {
	struct http_slice name, value; /* the value without blanks around it */
};

struct http_head {
	struct http_slice method, target; /* of a request */
	uint16_t status;                  /* of an answer: 100 to 599 */
	struct http_slice reason;         /* of an answer; may be empty */
	bool is_http10;
	struct http_field fields[HTTP_FIELDS_MAX];
	uint32_t n_fields;
};

/* The part of a head that was scanned. Zeroed at first. */
struct http_scan {
	size_t at_bytes;   /* bytes scanned */
	size_t line_bytes; /* of these, in the line that is not complete */
	bool has_line;     /* a line that is not empty was complete */
};

/* Look for the end of the head that begins at @p, of which @len_bytes are there; @s says how many
 * of them earlier calls have scanned. Each byte is scanned once. Returns the length of the head
 * with its empty line, 0 when more bytes are needed, -400, -414 or -431. */
long http_head_scan(struct http_scan *s, const char *p, size_t len_bytes);

/* Parse the request head of @len_bytes at @p, a length that http_head_scan() returned. @ret points
 * into it. Returns 0, -400, -414, -431 or -505; @ret is undefined after an error. */
int http_head_parse(const char *p, size_t len_bytes, struct http_head *ret);

/* The same for the head of an answer. Returns 0, -400, -431 or -505. */
int http_head_parse_answer(const char *p, size_t len_bytes, struct http_head *ret);

/* The number of fields called @name, in any case. */
uint32_t http_head_count(const struct http_head *h, const char *name);

/* The value of the first field @name, NULL when there is none. */
const struct http_slice *http_head_field(const struct http_head *h, const char *name);

/* The same, but NULL also when there are several. */
const struct http_slice *http_head_single(const struct http_head *h, const char *name);

/* Is @word, in any case, an element of the comma-separated lists of fields @name? */
bool http_head_lists(const struct http_head *h, const char *name, const char *word);

/* The length of the body behind the request head @h. Returns 0, -400 when Content-Length is there
 * twice, is not a plain number, or comes with Transfer-Encoding, else -501 for Transfer-Encoding.
 */
int http_head_body(const struct http_head *h, uint64_t *ret_len_bytes);

/* How the end of a body is found. */
enum http_framing {
	HTTP_BODY_NONE,
	HTTP_BODY_LENGTH,
	HTTP_BODY_CHUNKED,
	HTTP_BODY_TO_END, /* up to the end of the connection; answers only */
};

/* The framing of the body behind @h, a request or an answer (@h->status) in transit. Sets
 * *@ret_len_bytes, 0 unless HTTP_BODY_LENGTH. An answer to HEAD has no body whatever this returns.
 * Returns an enum http_framing, or -400 when the head contradicts itself or names a transfer coding
 * other than chunked. */
int http_head_framing(const struct http_head *h, uint64_t *ret_len_bytes);

#endif
