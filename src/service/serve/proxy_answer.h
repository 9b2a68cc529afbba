/* SPDX-License-Identifier: MIT */
/* Answers to requests that were passed on: those of the other service, written anew, and our own.
 */
#ifndef SERVE_PROXY_ANSWER_H
#define SERVE_PROXY_ANSWER_H

#include "service/serve/proxy_ask.h"

struct proxy_answer {
	bool is_tunnel;      /* the protocol is switched */
	bool has_length;     /* of the body */
	uint64_t left_bytes; /* to come of it */
};

/* Take heads from @in and put them for the client into @out, up to that of the final answer to
 * @ask; what follows it stays in @in. Returns 1 when that is done, 0 when more is needed, -EBADMSG
 * when it is no answer to @ask, or -ENOMEM. */
int proxy_answer_take(const struct proxy_ask *ask, struct proxy_buf *in, struct proxy_buf *out,
	struct proxy_answer *ret);

/* Put an answer of our own into @out: an error with words as JSON, or without any (@why NULL).
 * Returns 0 or a negative errno. */
int proxy_answer_refuse(
	const struct proxy_ask *ask, int status, const char *why, struct proxy_buf *out);

#endif
