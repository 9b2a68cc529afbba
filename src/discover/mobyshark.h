/* SPDX-License-Identifier: MIT */
/* The answer to /mobyshark (contract 2.5) as bytes. No I/O. */
#ifndef DISCOVER_MOBYSHARK_H
#define DISCOVER_MOBYSHARK_H

#include "discover/metadata.h"
#include "base/text.h"
#include "proto/catalog.h"

struct mobyshark {
	struct metadata metadata;
	const struct catalog *catalog;
};

/* Append the document, one line, to @ret; check @ret->failed afterwards. Targets keep their order;
 * links that are down are left out. */
void mobyshark_put(struct text *ret, const struct mobyshark *m);

#endif
