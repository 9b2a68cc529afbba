/* SPDX-License-Identifier: MIT */
/* Docker's user-space proxies: what they forward stands in their arguments. */
#ifndef DETAIL_DOCKER_PROXY_H
#define DETAIL_DOCKER_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/detail/forwards.h"
#include "discover/host/proc_table.h"

/* True if @p is such a proxy: a child of a dockerd. */
bool docker_proxy_is(const struct proc_table *procs, const struct process *p);

/* Understand the @len_bytes bytes of arguments at @s, each ended by NUL: "-name value" and
 * "-name=value", with one or two dashes. No I/O. Returns 0, or -EINVAL when one of protocol,
 * addresses and ports is missing or malformed. */
int docker_proxy_parse(const char *s, size_t len_bytes, struct forward *ret);

/* Read and parse the arguments of process @pid. Returns 0 or a negative errno. */
int docker_proxy_read(int procfd, int32_t pid, struct forward *ret);

#endif
