/* SPDX-License-Identifier: MIT */
/* Where a capture service is (wire contract 3.5). No I/O. */
#ifndef CSHARG_URL_H
#define CSHARG_URL_H

#include <stdbool.h>

#include "base/err.h"

#define URL_MAX 2048 /* bytes of the text, which all parts are shorter than */

struct url {
	bool tls;
	char user[256];      /* "NAME:PASSWORD" or "NAME" without escapes, "" = none */
	char host[256];      /* name or address, IPv6 without brackets and zone */
	char zone[16];       /* interface of a link-local IPv6 address (RFC 6874), "" = none */
	char authority[300]; /* as it stands in requests: host, brackets, port if given */
	unsigned int port;   /* 0 = not given */
	char path[URL_MAX];  /* without "." and "..", doubled slashes and one at the end: "" or
				"/..." */
};

/* Parse @text: [http://|https://][NAME[:PASSWORD]@]HOST[:PORT][/PATH], with HOST as [ADDRESS] or
 * [ADDRESS%ZONE] for IPv6 ("%25" is the same as "%" there). White space before and after it is
 * ignored. Returns 0, or -EINVAL with @e filled; @ret is untouched then. */
int url_parse(const char *text, struct url *ret, struct err *e);

/* True when the host is this machine by any of its usual names: "localhost", 127.x.x.x, ::1. */
bool url_is_loopback(const struct url *u);

/* True when @u is at or below the scheme, host, port and path of @base. The default port and the
 * explicit one are the same. */
bool url_is_below(const struct url *u, const struct url *base);

/* Write SCHEME://HOST[:PORT]PATH@more into @ret, with the zone and without the user. Returns 0 or
 * -E2BIG. */
int url_format(const struct url *u, const char *more, char *ret, size_t cap_bytes);

#endif
