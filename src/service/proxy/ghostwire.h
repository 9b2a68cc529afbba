/* SPDX-License-Identifier: MIT */
/* A query for the other discovery service's list of targets (--proxy-discovery): names are resolved
 * as in the lists that clients got through us (wire contract 1.8). One request, one answer. */
#ifndef PROXY_GHOSTWIRE_H
#define PROXY_GHOSTWIRE_H

#include <stddef.h>

#include "service/proxy/env.h"

#define GHOSTWIRE_WAIT_SECONDS   20 /* wire contract 1.16 */
#define GHOSTWIRE_LIST_MAX_BYTES (32 * 1024 * 1024)

struct ghostwire_ask;

/* Begin. @done is called once, from the event loop, with the body of the answer (borrowed for the
 * call), whatever its status; or with NULL and the reason why there is none. It may free the query,
 * and nothing is called after that. NULL without memory. */
struct ghostwire_ask *ghostwire_ask_new(struct proxy_env *env,
	void (*done)(void *ctx, const char *body, size_t len_bytes, const char *why), void *ctx);

/* NULL is fine. */
void ghostwire_ask_free(struct ghostwire_ask *g);

#endif
