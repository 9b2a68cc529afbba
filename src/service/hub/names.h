/* SPDX-License-Identifier: MIT */
/* The names of addresses as viewers of one namespace see them, told in Name Resolution Blocks. */
#ifndef HUB_NAMES_H
#define HUB_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/catalog.h"

#define NAMES_MAX    8192 /* addresses told in one capture; more have no name */
#define NAMES_OF_ONE 4    /* names of one address, the best one last */

struct names_entry;

/* Zeroed at first. */
struct names {
	struct names_entry *v; /* owned, by address */
	size_t n;
	uint64_t version; /* grows when something is new to tell */
};

void names_done(struct names *n);

/* Take over what @cat knows. An address that several namespaces have means the one closest to
 * namespace @inode: itself, else a container of the same engine, else one of an engine in it; if
 * that leaves several, it has no name. Returns 1 when there is something new to tell, 0 if not, or
 * -ENOMEM with @n untouched. */
int names_update(struct names *n, const struct catalog *cat, uint64_t inode);

/* At most the length of a block with everything that is newer than version @since; 0 if there is
 * nothing. */
size_t names_bytes(const struct names *n, uint64_t since);

/* Write that block. Returns its length, -ENOBUFS or -ENOMEM. */
ssize_t names_put(const struct names *n, uint64_t since, uint8_t *out, size_t cap_bytes);

#endif
