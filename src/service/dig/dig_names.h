/* SPDX-License-Identifier: MIT */
/* What names the neighbours of a container should have (contract 2.10). No I/O. */
#ifndef DIG_DIG_NAMES_H
#define DIG_DIG_NAMES_H

#include <stddef.h>

#include "proto/neighbours.h"

/* Zero-initialise. */
struct name_list {
	char **v; /* owned; each ends with a dot and is shorter than DIG_NAME_MAX, none twice */
	size_t n, cap;
};

/* Collect the names of all containers in the networks that @start, one of @all, is in: compose
 * service and container name, bare and with the network's name. Too long ones, and those beyond
 * DIG_NAMES_MAX, are left out. Returns 0 or -ENOMEM; free with name_list_done() in any case. */
int name_list_make(
	const struct neighbours *all, const struct neighbour *start, struct name_list *ret);
void name_list_done(struct name_list *l);

#endif
