/* SPDX-License-Identifier: MIT */
/* A scanner for bodies with the chunked transfer coding (RFC 9112 section 7.1), which finds their
 * end; the bytes stay as they are. No I/O, no allocation.
 *
 * Strict like the parser of heads: lines end with CRLF, control characters are refused, sizes are 1
 * to 16 hexadecimal digits below 2^63. Extensions and trailer fields are skipped. */
#ifndef HTTP_CHUNKED_H
#define HTTP_CHUNKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_CHUNKED_LINE_MAX    4096 /* bytes of a line with a size */
#define HTTP_CHUNKED_TRAILER_MAX 8192 /* bytes of all trailer fields */

/* Zeroed at first. */
struct http_chunked {
	uint8_t state;
	uint8_t n_digits;    /* of the size */
	bool was_cr;         /* the last byte */
	uint64_t left_bytes; /* of a chunk; its size while its line is read */
	uint32_t line_bytes;
	uint32_t trailer_bytes;
};

/* Scan the next @len_bytes bytes at @p; *@ret_used is set to how many of them belong to the body.
 * Returns 1 when the body is complete, 0 when more bytes are needed, or -EBADMSG when it is
 * malformed or a line or the trailer is over its limit; *@ret_used is then unspecified. */
int http_chunked_scan(struct http_chunked *c, const char *p, size_t len_bytes, size_t *ret_used);

#endif
