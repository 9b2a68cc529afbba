/* SPDX-License-Identifier: MIT */
/* Where a packet to an address ends up: in which network namespace of this host (contract 2.7,
 * forwarded ports). No I/O. */
#ifndef DETAIL_FORWARD_PATH_H
#define DETAIL_FORWARD_PATH_H

#include <stddef.h>
#include <stdint.h>

#include "discover/detail/netstack.h"
#include "discover/detail/relations.h"

#define FORWARD_PATH_HOPS  16      /* namespaces a packet is followed through */
#define FORWARD_PATH_STEPS 4000000 /* interfaces looked at for one document */

struct forward_path {
	const struct relations *relations; /* borrowed */
	size_t steps;                      /* taken so far */
};

/* Follow a packet of @family to @address, sent in namespace @from: to the namespace that has the
 * address itself or in a subnet of its loopback interface; else along the longest matching unicast
 * route of the main table, across the bridges and veth pairs of the interface it leads to, to the
 * next hop, and on from there. Returns the namespace, NULL if the packet leaves the host, gets
 * lost, or is beyond the limits. */
const struct netstack *forward_path_find(struct forward_path *p, const struct netstack *from,
	uint8_t family, const uint8_t *address);

/* The interface of namespace @s by which it has @address: the one that owns it or has it in a
 * subnet of loopback, else the one that the longest matching route leads to. NULL if there is none.
 */
const struct nif *forward_path_nif(
	const struct netstack *s, uint8_t family, const uint8_t *address);

#endif
