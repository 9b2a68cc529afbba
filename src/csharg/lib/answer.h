/* SPDX-License-Identifier: MIT */
/* Words about answers that are none of a capture service. No I/O. */
#ifndef CSHARG_ANSWER_H
#define CSHARG_ANSWER_H

#include <stddef.h>

#include "base/err.h"

struct answer_parts {
	int status;
	const char *type;     /* media type in lower case, "" = unknown */
	const char *location; /* of a redirect, "" = none */
	const char *body;
	size_t len_bytes;
};

/* Tell what the answer to @what was. Returns -EACCES for 401 and 403, else -EPROTO. */
int answer_tell(const char *what, const struct answer_parts *a, struct err *e);

#endif
