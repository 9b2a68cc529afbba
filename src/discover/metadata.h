/* SPDX-License-Identifier: MIT */
/* What every document says about itself, the host and its engines (contract 2.8). No I/O. */
#ifndef DISCOVER_METADATA_H
#define DISCOVER_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/edge/edge.h"
#include "discover/host/host.h"
#include "base/text.h"

/* An engine as it is shown; texts are borrowed, "" when not known yet. */
struct metadata_engine {
	const char *id, *type, *version;
	int32_t pid;
	bool unreachable; /* said so by a member "state" that others do not have */
};

struct metadata {
	const struct host *host;
	const struct metadata_engine *engines;
	size_t n_engines;
	const struct edge *edge; /* borrowed; NULL = there is no runtime */
	bool incomplete; /* said so by a member "state": not all namespaces could be read in time */
	uint64_t wall_ns; /* creation time */
};

/* Append the member "metadata" to @ret, its keys in alphabetical order. */
void metadata_put(struct text *ret, const struct metadata *m);

#endif
