/* SPDX-License-Identifier: MIT */
/* Passing requests on to another discovery service (--proxy-discovery, wire contract 1.4). The head
 * of a request and that of its answer are rewritten, bodies pass as they are, and once the other
 * service has switched protocols, everything does, both ways. So WebSocket messages keep their
 * type, parts and close codes, and a refused upgrade is refused. The client's connection ends with
 * the answer. */
#ifndef PROXY_PROXY_H
#define PROXY_PROXY_H

#include <stdbool.h>

#include "loop/loop.h"
#include "service/proxy/resolver.h"

struct conn;

/* What proxying needs; borrowed for the life of each connection. */
struct proxy_env {
	struct loop *loop; /* borrowed */
	struct resolver resolver;
	bool hides_token; /* the Authorization header and the token parameter are for us alone */
};

/* Look the other service up; call it before files are out of reach. */
void proxy_env_init(struct proxy_env *env, struct loop *loop, const char *name, uint16_t port,
	bool hides_token);
void proxy_env_done(struct proxy_env *env);

/* Pass the request on @c on. */
void proxy_begin(struct conn *c, struct proxy_env *env);

#endif
