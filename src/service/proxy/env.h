/* SPDX-License-Identifier: MIT */
/* What the parts of the proxy share: the event loop and the other discovery service. */
#ifndef PROXY_ENV_H
#define PROXY_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"
#include "service/proxy/resolver.h"

struct proxy_env {
	struct loop *loop; /* borrowed */
	struct resolver resolver;
	bool hides_token; /* the token is ours: it is not passed on */
};

/* Look the other service up at @name (borrowed) and @port. Call it before the sandbox is entered;
 * it may wait for name servers. */
void proxy_env_init(struct proxy_env *env, struct loop *loop, const char *name, uint16_t port,
	bool hides_token);
void proxy_env_done(struct proxy_env *env);

#endif
