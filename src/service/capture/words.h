/* SPDX-License-Identifier: MIT */
/* The words of a capture request: its query arguments and headers, decoded. */
#ifndef CAPTURE_WORDS_H
#define CAPTURE_WORDS_H

#include <stddef.h>

#include "service/admit/request.h"

struct http_request;

#define WORDS_UNKNOWN_MAX 64 /* bytes of a name that is shown, with its NUL */

/* Owned copies; @words points into @buf and @targets. */
struct words {
	struct request_words words;
	char *buf;
	const char **targets;
	/* the first query argument that has no meaning, cut to fit; "" = there is none */
	char unknown[WORDS_UNKNOWN_MAX];
};

/* Write the names of all arguments, for people, into @ret, cut to fit. */
void words_known(char *ret, size_t cap_bytes);

/* Copy the words of @r. Returns 0, or -ENOMEM. */
int words_read(const struct http_request *r, struct words *ret);
void words_done(struct words *w);

#endif
