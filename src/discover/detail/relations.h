/* SPDX-License-Identifier: MIT */
/* Which interfaces belong together, also across namespaces (contract 2.7). No I/O. */
#ifndef DETAIL_RELATIONS_H
#define DETAIL_RELATIONS_H

#include <stddef.h>

#include "discover/detail/netstack.h"

/* One interface that stands on or belongs to another. */
struct relation {
	const struct nif *of, *nif;
};

/* By @of, then namespace and index of @nif. */
struct relation_list {
	struct relation *v; /* owned */
	size_t n, cap;
};

struct relations {
	struct relation_list slaves;   /* ports, VLANs, VXLANs, VFs */
	struct relation_list macvlans; /* macvlans and macvtaps */
};

/* Set master, lower, peer and pf of all interfaces in @all and collect the ways back. What is
 * behind a namespace number nobody knows stays unknown. Returns 0 or -ENOMEM; free with
 * relations_done(). */
int relations_make(const struct netstacks *all, struct relations *ret);
void relations_done(struct relations *r);

/* Those of @l that belong to @nif. *ret_n is their number. */
const struct relation *relation_list_of(
	const struct relation_list *l, const struct nif *nif, size_t *ret_n);

#endif
