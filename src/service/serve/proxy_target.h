/* SPDX-License-Identifier: MIT */
/* Targets of requests: which are handled here although everything else is passed on, and how those
 * that are passed on are changed (wire contract 1.4). Text in, text out. */
#ifndef SERVE_PROXY_TARGET_H
#define SERVE_PROXY_TARGET_H

#include "base/bytes.h"
#include "service/serve/proxy_head.h"

#define PROXY_JUDGE_BYTES 4096

enum proxy_judgement {
	PROXY_UNDECIDED,
	PROXY_LOCAL,
	PROXY_ELSEWHERE
};

/* Is the request that begins with @p handled here? PROXY_UNDECIDED when more of it is needed, which
 * is never the case for PROXY_JUDGE_BYTES. */
enum proxy_judgement proxy_judge(const char *p, size_t len_bytes);

/* Does this service handle @target (with or without its query) itself? It begins with a slash. */
bool proxy_is_local(struct slice target);

/* Write @target as the other service gets it: its path clean, and its query as it is but for the
 * token parameter, if that is for us alone. */
void proxy_put_target(struct slice target, bool hides_token, struct wbuf *w);

/* Copy the decoded value of the first query parameter @name of @target into @ret. Returns false
 * when there is none or it does not fit. */
bool proxy_query_value(struct slice target, const char *name, char *ret, size_t cap_bytes);

#endif
