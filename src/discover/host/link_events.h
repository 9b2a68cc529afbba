/* SPDX-License-Identifier: MIT */
/* What the kernel tells about links on a socket that the broker has made (broker/op_events.c): link
 * and address messages of rtnetlink(7) of the broker's network namespace and of those to which it
 * has given an id. */
#ifndef DISCOVER_LINK_EVENTS_H
#define DISCOVER_LINK_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#define LINK_EVENTS_OWN (-1) /* in place of an id: the broker's namespace */

/* A link or address of the namespace that goes by @nsid came, went or changed. */
typedef void link_event_fn(void *ctx, int32_t nsid);

/* Read everything that waits on @sock, but for not more than LINK_EVENTS_BURST datagrams. Datagrams
 * that do not come from the kernel are dropped. Returns 0 when nothing is left, 1 when there may be
 * more, -ENOBUFS when events were lost, or another negative errno when the socket is of no use any
 * more. */
#define LINK_EVENTS_BURST 16384
int link_events_read(int sock, link_event_fn *fn, void *ctx);

#endif
