/* SPDX-License-Identifier: MIT */
/* What of that which the kernel has told is a change, and whether it can show: the part of live.h
 * that compares with the newest scan. Notes are taken in l->changes, l->matters and l->is_lost. */
#ifndef DISCOVER_LIVE_LOOK_H
#define DISCOVER_LIVE_LOOK_H

#include "discover/live.h"

/* Look at the processes in l->woken. */
void live_look_at_processes(struct live *l);

/* Note what became of a link in the namespace that goes by @nsid (LINK_EVENTS_OWN: ours), if that
 * is known; else its id is kept for live_look_at_unknown_links(). */
void live_note_link(struct live *l, int32_t nsid, const struct link_event *ev);

/* With another scan: namespaces that are known now and were not when the kernel told of their links
 * may have been listed before that. */
void live_look_at_unknown_links(struct live *l);

#endif
