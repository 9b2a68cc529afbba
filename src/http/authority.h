/* SPDX-License-Identifier: MIT */
/* A parser for authorities (RFC 3986 section 3.2), which Host, Origin and absolute targets carry.
 * No I/O, no allocation.
 *
 * Names consist of letters, digits and "-._~"; the percent escapes and punctuation that RFC 3986
 * allows besides are refused, as no host name has them. Refused as well: user names, IPv6 addresses
 * with a zone or without brackets, and ports that are empty, 0 or above 65535. */
#ifndef HTTP_AUTHORITY_H
#define HTTP_AUTHORITY_H

#include <stdbool.h>
#include <stdint.h>

#include "http/slice.h"

#define HTTP_HOST_MAX 256 /* bytes of a host, with its NUL */

struct http_authority {
	char host[HTTP_HOST_MAX]; /* lower case; an IPv6 address without brackets */
	bool is_v6;
	bool is_address; /* IPv4 with four numbers, or IPv6 */
	int port;        /* 1 to 65535; -1 = none given */
};

/* Parse @s, which must be an authority and nothing else: HOST or HOST:PORT. Returns 0 or -EINVAL.
 */
int http_authority_parse(struct http_slice s, struct http_authority *ret);

/* Parse an Origin: "http://" or "https://" and an authority. Returns 0 or -EINVAL; "null" is
 * refused too. */
int http_origin_parse(struct http_slice s, struct http_authority *ret);

/* True when both have the same host and the same port, as they were written. */
bool http_authority_is(const struct http_authority *a, const struct http_authority *b);

#endif
