/* SPDX-License-Identifier: MIT */
/* Requests that are passed on: read, judged, and written anew. */
#ifndef SERVE_PROXY_ASK_H
#define SERVE_PROXY_ASK_H

#include "service/config.h"
#include "service/serve/proxy_buf.h"

/* What is to be known of a request once it is gone. */
struct proxy_ask {
	bool is_upgrade, is_head, is_http10;
	enum proxy_framing framing;
	uint64_t body_left_bytes; /* of PROXY_BODY_LENGTH */
	int status;               /* HTTP status of a refusal, with its words */
	const char *why;          /* borrowed for ever */
};

struct proxy_asker {
	const struct config *config;
	const char *authority; /* of the other service */
	const char *peer;      /* the client's address */
};

/* Take a request head from @in and put the one for the other service into @out; what follows the
 * head stays in @in. Returns 1 when that is done, 0 when more is needed, -EPERM when the request is
 * refused with the status in @ret, or -ENOMEM. */
int proxy_ask_take(const struct proxy_asker *who, struct proxy_buf *in, struct proxy_buf *out,
	struct proxy_ask *ret);

#endif
