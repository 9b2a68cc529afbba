/* SPDX-License-Identifier: MIT */
/* Answers of the other service to requests that were passed on, written anew for the client. */
#ifndef PROXY_PROXY_ANSWER_H
#define PROXY_PROXY_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "service/http/buf.h"

/* What is to be known of the request. */
struct proxy_ask {
	bool is_upgrade, is_head, is_http10;
};

struct proxy_answer {
	bool is_tunnel;      /* the protocol is switched */
	bool has_length;     /* of the body */
	uint64_t left_bytes; /* to come of it */
};

/* Take heads from @in and put them for the client into @out, up to that of the final answer to
 * @ask; what follows it stays in @in. Returns 1 when that is done, 0 when more is needed, -EBADMSG
 * when it is no answer to @ask, or -ENOMEM. */
int proxy_answer_take(
	const struct proxy_ask *ask, struct buf *in, struct buf *out, struct proxy_answer *ret);

#endif
