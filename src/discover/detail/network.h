/* SPDX-License-Identifier: MIT */
/* The network of a detailed scan: links, addresses and routes of all namespaces and how links
 * belong together. It is read through the sockets by which an ordinary scan lists the links
 * (links.h), while they are open; some namespaces are visited a second time (nsids.h). */
#ifndef DETAIL_NETWORK_H
#define DETAIL_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "discover/detail/netstack.h"
#include "discover/detail/nsids.h"
#include "discover/detail/relations.h"
#include "discover/host/links.h"
#include "discover/host/scan.h"

enum network_stage {
	NETWORK_NONE,
	NETWORK_READING,
	NETWORK_ASKING, /* what numbers of namespaces mean */
	NETWORK_DONE,
};

struct network {
	enum network_stage stage;
	struct links *links;     /* borrowed */
	const struct scan *scan; /* borrowed */
	struct netstacks stacks;
	struct nsids nsids;
	struct netns_set again; /* those of the second visit; owned, but their contents borrowed */
	size_t *again_at;       /* owned; their indices in the scan's set */
	struct relations relations; /* valid when done */
};

/* Begin; everything is borrowed until network_end(). Call before links_start(). Returns 0 or
 * -ENOMEM. */
int network_begin(struct network *n, int procfd, const struct scan *scan, struct links *links);

/* Call when links_finished(): goes on with what is next. Returns 0, -ENOMEM, or an error of
 * links_start(). */
int network_go_on(struct network *n);

/* True when nothing is read or asked any more. */
bool network_finished(const struct network *n);

/* Read no further, and make do with what is known. Returns 0 or -ENOMEM. */
int network_give_up(struct network *n);

/* A zeroed @n is fine. */
void network_end(struct network *n);

#endif
