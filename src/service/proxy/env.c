/* SPDX-License-Identifier: MIT */
#include "service/proxy/env.h"

void proxy_env_init(
	struct proxy_env *env, struct loop *loop, const char *name, uint16_t port, bool hides_token)
{
	env->loop = loop;
	env->hides_token = hides_token;
	resolver_init(&env->resolver, loop, name, port);
}

void proxy_env_done(struct proxy_env *env)
{
	resolver_done(&env->resolver);
}
