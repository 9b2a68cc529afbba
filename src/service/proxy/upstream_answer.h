/* SPDX-License-Identifier: MIT */
/* Answers of the other service: their heads, written anew for the client, and the end of their
 * bodies. No I/O. */
#ifndef PROXY_UPSTREAM_ANSWER_H
#define PROXY_UPSTREAM_ANSWER_H

#include <sys/types.h>

#include "http/chunked.h"
#include "http/head.h"
#include "service/http/buf.h"
#include "service/proxy/request.h"

/* Zeroed at first. */
struct upstream_answer {
	struct http_scan scan; /* of a head that is not complete */
	uint16_t status;       /* 0 = the final head has not come */
	bool is_tunnel;        /* the protocol is switched */
	enum http_framing framing;
	uint64_t left_bytes; /* of HTTP_BODY_LENGTH */
	struct http_chunked chunked;
	bool is_complete; /* the body, too */
};

/* Take heads from @in and put them for the client into @out, up to that of the final answer to
 * @request; what follows it stays in @in. Returns 1 when that is done, 0 when more is needed,
 * -EBADMSG when it is no answer to @request or too long, or -ENOMEM. */
int upstream_answer_head(struct upstream_answer *a, const struct relay_request *request,
	struct buf *in, struct buf *out);

/* How many of the next @len_bytes bytes at @p belong to the body? Sets @a->is_complete at its end.
 * Returns the number or -EBADMSG. */
ssize_t upstream_answer_body(struct upstream_answer *a, const char *p, size_t len_bytes);

#endif
