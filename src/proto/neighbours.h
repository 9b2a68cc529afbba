/* SPDX-License-Identifier: MIT */
/* Which containers share which networks of their engines, in a sealed memfd that discover hands to
 * the service: what names the containers of a network are expected to have (contract 2.10).
 *
 * Form: "PFN1", u32 number of networks, u32 number of containers; then each network: a string, its
 * name; then each container in the order of the struct, of its networks first their number, u32,
 * then the index of each, u32. Little-endian, strings as u16 length and bytes, nothing behind the
 * last one. */
#ifndef PROTO_NEIGHBOURS_H
#define PROTO_NEIGHBOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/broker.h"

#define NEIGHBOURS_NAME_MAX       4096 /* bytes of a name, NUL included */
#define NEIGHBOURS_NETWORKS_MAX   65536
#define NEIGHBOURS_CONTAINERS_MAX 262144

struct neighbour {
	struct ns_ref ref; /* its network namespace */
	bool is_docker;    /* Docker has started it: it can be asked for */
	char *name;        /* owned, clean UTF-8 */
	char *service;     /* owned, of its compose project; "" = none */
	uint32_t n_networks;
	uint32_t *networks; /* owned; indices in struct neighbours, growing */
};

/* Plain arrays, owned. Containers are sorted by name. */
struct neighbours {
	uint32_t n_networks, n_containers;
	char **networks;
	struct neighbour *containers;
};

/* Free everything in @n and zero it. Zeroed and half-built ones are fine. */
void neighbours_done(struct neighbours *n);

/* Encode into a new buffer, *ret (free() it). Returns its length in bytes, -EINVAL if a limit above
 * is exceeded, or -ENOMEM. */
ssize_t neighbours_encode(const struct neighbours *n, uint8_t **ret);

/* Decode @len_bytes. Returns 0, -EBADMSG for anything that is not exactly one well-formed table, or
 * -ENOMEM; @ret is untouched then. */
int neighbours_decode(const uint8_t *p, size_t len_bytes, struct neighbours *ret);

/* The first container of Docker with this name, NULL if there is none. Borrowed from @n. */
const struct neighbour *neighbours_find(const struct neighbours *n, const char *name);

#endif
