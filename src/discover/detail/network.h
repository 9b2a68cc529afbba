/* SPDX-License-Identifier: MIT */
/* The network of a detailed scan: links, addresses and routes of all namespaces and how links
 * belong together. It is read through the sockets by which an ordinary scan lists the links
 * (links.h), while they are open; some namespaces are visited a second time (nsids.h). */
#ifndef DETAIL_NETWORK_H
#define DETAIL_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/yield.h"
#include "discover/detail/netstack.h"
#include "discover/detail/nsids.h"
#include "discover/detail/relations.h"
#include "discover/detail/tun_owners.h"
#include "discover/host/links.h"
#include "discover/host/scan.h"

enum network_stage {
	NETWORK_NONE,
	NETWORK_READING,
	NETWORK_ASKING, /* what numbers of namespaces mean */
	NETWORK_OWNERS, /* who holds tun and tap devices */
	NETWORK_DONE,
};

struct network {
	enum network_stage stage;
	int procfd, broker;      /* borrowed */
	struct links *links;     /* borrowed */
	const struct scan *scan; /* borrowed */
	struct netstacks stacks;
	struct nsids nsids;
	struct netns_set again; /* those of the second visit; owned, but their contents borrowed */
	size_t *again_at;       /* owned; their indices in the scan's set */
	struct tun_owners tuns;
	struct relations relations; /* valid when done */
};

/* What network_begin() works with, borrowed until network_end(). */
struct network_means {
	const struct scan *scan;
	int procfd, broker;
	struct links *links; /* not started yet */
	struct yield *yield;
};

/* Begin. Returns 0 or -ENOMEM. Of an earlier run only n->tuns.next_id is kept. */
int network_begin(struct network *n, const struct network_means *m);

/* Call when links_finished(): goes on with what is next. Returns 0, -ENOMEM, or an error of
 * links_start(). */
int network_go_on(struct network *n);

/* Handle an answer of the broker (MSG_TUN_TOLD). Errors of network_go_on(). */
int network_answer(struct network *n, const struct msg *m);

/* True when nothing is read or asked any more. */
bool network_finished(const struct network *n);

/* Read no further, and make do with what is known. Returns 0 or -ENOMEM. */
int network_give_up(struct network *n);

/* A zeroed @n is fine. */
void network_end(struct network *n);

#endif
