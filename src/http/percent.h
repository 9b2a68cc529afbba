/* SPDX-License-Identifier: MIT */
/* Percent decoding (RFC 3986 section 2.1) of paths and query arguments. No I/O, no allocation. */
#ifndef HTTP_PERCENT_H
#define HTTP_PERCENT_H

#include <stdbool.h>
#include <stddef.h>

#include "http/slice.h"

/* Take the next byte, decoded, off @s, which must not be empty. Returns the byte, or -EINVAL when a
 * '%' is not followed by two hexadecimal digits. */
int http_percent_next(struct http_slice *s);

/* Decode @s into @ret of @cap_bytes, with a NUL behind. @is_form: the text is a query argument, in
 * which '+' is a blank and a tab is allowed. Returns the length without the NUL, -EINVAL for an
 * escape that is incomplete or stands for a control character, or -ENOBUFS; the contents of @ret
 * are then undefined. */
long http_decode(struct http_slice s, bool is_form, char *ret, size_t cap_bytes);

/* True when http_decode() would accept @s, given enough room. */
bool http_is_decodable(struct http_slice s, bool is_form);

/* True when @s decodes to exactly @text. */
bool http_decodes_to(struct http_slice s, bool is_form, const char *text);

#endif
