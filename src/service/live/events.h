/* SPDX-License-Identifier: MIT */
/* GET /events: a stream of server-sent events (text/event-stream, HTML standard section 9.2) that
 * tells how the list of targets changes.
 *
 *   event: snapshot    data: {"generation":N,"targets":[...]}      at the beginning
 *   event: generation  data: {"generation":N,"added":[...],"removed":[...],"changed":[...]}
 *   event: reset       data: {"generation":N}                      events were lost: fetch the list
 *
 * Targets look as in /mobyshark. Each event has an id; a client that comes back with the newest one
 * (Last-Event-ID) gets no snapshot. A comment comes every EVENTS_BEAT_NS. A client that does not
 * read keeps at most EVENTS_QUEUE events waiting; then they are dropped for a reset. */
#ifndef LIVE_EVENTS_H
#define LIVE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "service/live/event_diff.h"

#define EVENTS_CLIENTS    64
#define EVENTS_QUEUE      16
#define EVENTS_SEND_BYTES 32768 /* wait in the kernel, about */
#define EVENTS_BEAT_NS    (15 * 1000000000LL)
#define EVENTS_CHECK_NS                                                                            \
	(5 * 1000000000LL) /* while there are clients, discover is asked so often                  \
			    */

struct catalog_client;
struct conn;
struct event;
struct listener;

/* Everybody who listens. Zeroed at first, but for the borrowed members. */
struct events {
	const struct catalog_client *catalog;
	const uint32_t *discover_restarts; /* generations of different processes are not the same */
	struct listener *first;
	size_t n;
	struct event_list list; /* what listeners know; empty without any */
	bool has_list;          /* false before the first catalog */
	uint64_t era;           /* tells ids of this process from those of others */
};

/* Answer the request on @c: it listens from now on. */
void events_begin(struct conn *c, struct events *es);

/* There is a new catalog. */
void events_generation(struct events *es);

/* Say something to those who have heard nothing for long. */
void events_tick(struct events *es, int64_t now_ns);

void events_done(struct events *es);

#endif
