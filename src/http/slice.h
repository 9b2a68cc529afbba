/* SPDX-License-Identifier: MIT */
/* Borrowed bytes of an HTTP message, and how they are cut and compared. No I/O, no allocation. */
#ifndef HTTP_SLICE_H
#define HTTP_SLICE_H

#include <stdbool.h>
#include <stddef.h>

/* Not ended with NUL. @p may be NULL when @len_bytes is 0. */
struct http_slice {
	const char *p;
	size_t len_bytes;
};

/* Cut @s at the first @c: *@ret is what precedes it, @s becomes what follows it. Returns false, and
 * changes nothing, when @s has no @c. */
bool http_slice_cut(struct http_slice *s, char c, struct http_slice *ret);

/* @s without blanks and tabs at both ends. */
struct http_slice http_slice_trim(struct http_slice s);

/* Take the next element off comma-separated @list, trimmed; it may be empty. Returns false at the
 * end. */
bool http_slice_next(struct http_slice *list, struct http_slice *ret);

/* Compare with @text; the second ignores the case of ASCII letters. */
bool http_slice_is(struct http_slice s, const char *text);
bool http_slice_is_nocase(struct http_slice s, const char *text);

/* A token (RFC 9110 section 5.6.2): methods and names of fields. */
bool http_slice_is_token(struct http_slice s);

/* The value of a hexadecimal digit in either case, else -1. */
int http_hex_digit(char c);

/* True when @s is a decimal number as programs write it: digits alone, no zero before others, at
 * most 18 of them. Sets *@ret then. */
bool http_slice_number(struct http_slice s, unsigned long long *ret);

#endif
