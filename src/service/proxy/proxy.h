/* SPDX-License-Identifier: MIT */
/* Requests that are passed on to another discovery service (--proxy-discovery, wire contract 1.4).
 *
 * Host, Origin and token of a request are checked before it comes here. Heads are written anew both
 * ways; bodies pass as they are, up to their end. After the other service has switched protocols,
 * the bytes of both sides are relayed, so WebSocket messages keep their type, parts and close
 * codes. One request is passed on per connection. */
#ifndef PROXY_PROXY_H
#define PROXY_PROXY_H

#include "service/proxy/env.h"

struct conn;

/* Answer the request on @c with what the other service answers, or with 400 or 431 when it cannot
 * be passed on, 502 or 504 with an empty body when the other service fails. */
void proxy_begin(struct conn *c, struct proxy_env *env);

#endif
