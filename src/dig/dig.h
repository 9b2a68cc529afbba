/* SPDX-License-Identifier: MIT */
/* A dig: names are looked up at the container's resolver, the addresses found are pinged, and what
 * is found out is told to the service (contract 2.10, 6.4): each name once without an address, each
 * of its addresses as its quality grows. An address of several names is pinged once. */
#ifndef DIG_DIG_H
#define DIG_DIG_H

#include "dig/resolver.h"
#include "dig/verifier.h"
#include "proto/dig.h"

/* An address of a name, by their numbers. */
struct found {
	uint16_t name, address;
};

struct dig {
	int control; /* borrowed */
	struct pinger pinger;
	struct dig_names names;
	uint16_t n_asked;              /* names taken up so far */
	uint16_t again[DIG_RESOLVERS]; /* names whose connection broke */
	size_t n_again;
	uint16_t next_id;
	struct resolver resolvers[DIG_RESOLVERS];
	struct verifier verifiers[DIG_RESOLVERS];
	struct address addresses[DIG_ADDRESSES_MAX];
	size_t n_addresses, n_verifying; /* known, and of those taken up */
	struct found found[DIG_FOUND_MAX];
	size_t n_found;
};

/* Do everything: receive the names, dig, tell. Returns 0, also when the service has lost interest,
 * or a negative errno. @d is set up: control, pinger, and the descriptors of the resolvers. */
int dig_run(struct dig *d);

#endif
