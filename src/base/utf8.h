/* SPDX-License-Identifier: MIT */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* True if the @len_bytes bytes at @s are well-formed UTF-8 (RFC 3629). */
bool utf8_valid(const char *s, size_t len_bytes);

/* The longest prefix of @s (of @len_bytes bytes) that has at most @max_bytes bytes and does not
 * cut a character: its length in bytes. @s must be well-formed. */
size_t utf8_cut(const char *s, size_t len_bytes, size_t max_bytes);

/* Copy NUL-terminated @s into @ret, at most @cap_bytes - 1 bytes cut at a character border, every
 * malformed byte and control character replaced by '?'. Always NUL-terminated. */
void utf8_sanitize(const char *s, char *ret, size_t cap_bytes);

#endif
