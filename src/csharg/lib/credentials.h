/* SPDX-License-Identifier: MIT */
/* What a client proves itself with: the headers that every request to its service carries. They are
 * sent to that service only, as no redirect is followed. */
#ifndef CSHARG_CREDENTIALS_H
#define CSHARG_CREDENTIALS_H

#include "base/err.h"
#include "csharg/csharg.h"
#include "csharg/lib/url.h"

#define CREDENTIALS_TOKEN_MAX   65536 /* bytes of a token, NUL included */
#define CREDENTIALS_HEADERS_MAX 64    /* further headers of the options */

struct credentials {
	char **header; /* owned lines "Name: value" without line break, @n of them */
	size_t n;
	/* where the token comes from, owned: "option", "CSHARG_TOKEN", "FILE:LINE"; NULL = there
	 * is none */
	char *source;
};

/* Choose by @o and, where that leaves it open, by the environment and the tokens file (csharg.h,
 * "Tokens"). Free @ret with credentials_done(). Returns 0, -ENOMEM, or with @e filled: -EINVAL for
 * what cannot be sent, -EPERM for what would be sent without TLS to another host than this one,
 * and those of the tokens file. */
int credentials_choose(const struct csharg_client_options *o, const struct url *u,
	struct credentials *ret, struct err *e);
void credentials_done(struct credentials *c);

#endif
