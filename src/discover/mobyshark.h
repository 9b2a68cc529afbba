/* SPDX-License-Identifier: MIT */
/* The answer to /mobyshark (contract 2.5 and 2.8) as bytes. No I/O. */
#ifndef DISCOVER_MOBYSHARK_H
#define DISCOVER_MOBYSHARK_H

#include <stddef.h>
#include <stdint.h>

#include "discover/host/host.h"
#include "discover/text.h"
#include "proto/catalog.h"

/* An engine as the metadata shows it; texts are borrowed, "" when not known yet. */
struct mobyshark_engine {
	const char *id, *type, *version;
	int32_t pid;
};

struct mobyshark {
	const struct host *host;
	const struct mobyshark_engine *engines;
	size_t n_engines;
	const struct catalog *catalog;
	uint64_t wall_ns; /* creation time */
};

/* Append the document, one line, to @ret; check @ret->failed afterwards. Targets keep their order;
 * links that are down are left out. */
void mobyshark_put(struct text *ret, const struct mobyshark *m);

#endif
