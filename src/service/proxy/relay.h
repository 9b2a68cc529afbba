/* SPDX-License-Identifier: MIT */
/* One request that is passed on, and its answer: a machine between a client's connection and a
 * socket to the other service. What one side does not take stops the other from being read, so a
 * relay holds at most RELAY_HELD_MAX bytes each way. */
#ifndef PROXY_RELAY_H
#define PROXY_RELAY_H

#include <stddef.h>

#include "service/proxy/env.h"
#include "service/proxy/request.h"

struct conn;

/* Answer @c, whose request is @request, with the answer to the head of @len_bytes at @head. Returns
 * 0, or -ENOMEM: @c is then untouched. */
int relay_begin(struct conn *c, struct proxy_env *env, const struct relay_request *request,
	const void *head, size_t len_bytes);

#endif
