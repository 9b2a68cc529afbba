/* SPDX-License-Identifier: MIT */
/* The words of a capture request as libwebsockets holds them: query arguments and headers. */
#ifndef SERVE_WORDS_H
#define SERVE_WORDS_H

#include <stdbool.h>

#include <libwebsockets.h>

#include "service/admit/request.h"

#define WORDS_MAX_BYTES 262144 /* of all query arguments and headers of a request */

/* Owned copies; @words points into @buf. */
struct words {
	struct request_words words;
	char *token;        /* the token parameter, NULL = absent */
	char *ieappicons;   /* of /json, NULL = absent */
	bool is_fresh;      /* nothing scanned before the request will do */
	uint32_t n_targets; /* target parameters */
	char *buf;
};

/* Copy the words of the request on @wsi, whose headers must still be there. Returns 0, -ENOMEM, or
 * -E2BIG. */
int words_read(struct lws *wsi, struct words *ret);
void words_done(struct words *w);

/* Copy header @name (lower case, with its colon) into @ret. Returns its length, or -1 when it is
 * absent or does not fit. */
int words_header(struct lws *wsi, const char *name, char *ret, size_t cap_bytes);

#endif
