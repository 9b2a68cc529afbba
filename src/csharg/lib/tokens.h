/* SPDX-License-Identifier: MIT */
/* The tokens file: which token belongs to which service.
 *
 * One service per line: a URL with its scheme, white space, the token. Empty lines and lines that
 * begin with '#' are ignored. A token belongs to the services at or below the scheme, host, port
 * and path of its URL; the first such line counts.
 *
 * The file is only used if it is a regular file of this user or of root, and no other user has any
 * right to it. */
#ifndef CSHARG_TOKENS_H
#define CSHARG_TOKENS_H

#include "csharg/lib/url.h"

#define TOKENS_FILE_MAX 65536 /* bytes, and the NUL behind them */

struct tokens_entry {
	char *token;       /* owned, NULL = the file has none for this service */
	unsigned int line; /* counts from 1 */
};

/* Find the token of @u in @text. Free @ret->token. Returns 0, -ENOMEM, or -EINVAL for a line that
 * is not URL and token, with @e filled: no line behind the one that counts is looked at. No I/O. */
int tokens_parse(const char *text, const struct url *u, struct tokens_entry *ret, struct err *e);

/* Find the token of @u in the file at @path; a file that does not exist has none. Errors: as above,
 * -EACCES for a file that others can read or change, those of reading it. */
int tokens_find(const char *path, const struct url *u, struct tokens_entry *ret, struct err *e);

#endif
