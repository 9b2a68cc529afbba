/* SPDX-License-Identifier: MIT */
/* What the kernel tells about links on a socket that the broker has made (broker/op_events.c): link
 * and address messages of rtnetlink(7) of the broker's network namespace and of those to which it
 * has given an id. */
#ifndef DISCOVER_LINK_EVENTS_H
#define DISCOVER_LINK_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/host/netns_set.h"

#define LINK_EVENTS_OWN (-1) /* in place of an id: the broker's namespace */

enum link_event_kind {
	LINK_EVENT_UNCLEAR, /* something has changed */
	LINK_EVENT_LINK,
	LINK_EVENT_ADDR
};

/* What became of a link or an address. */
struct link_event {
	enum link_event_kind kind;
	bool is_gone;             /* of a link, only the index is sure then */
	struct catalog_link link; /* of LINK_EVENT_LINK */
	struct netns_addr addr;   /* of LINK_EVENT_ADDR */
};

/* A link or address of the namespace that goes by @nsid came, went or changed. @ev is borrowed. */
typedef void link_event_fn(void *ctx, int32_t nsid, const struct link_event *ev);

/* Read everything that waits on @sock, but for not more than LINK_EVENTS_BURST datagrams. Datagrams
 * that do not come from the kernel are dropped. Returns 0 when nothing is left, 1 when there may be
 * more, -ENOBUFS when events were lost, or another negative errno when the socket is of no use any
 * more. */
#define LINK_EVENTS_BURST 16384
int link_events_read(int sock, link_event_fn *fn, void *ctx);

#endif
