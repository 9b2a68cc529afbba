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
#ifndef SERVE_EVENTS_H
#define SERVE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "service/serve/event_diff.h"

#define EVENTS_CLIENTS    64
#define EVENTS_QUEUE      16
#define EVENTS_SEND_BYTES 32768 /* wait in the kernel, about */
#define EVENTS_BEAT_NS    (15 * 1000000000LL)

struct app;
struct connection;

/* One event as it is sent; shared by those who wait to send it. */
struct event {
	uint32_t refs;
	size_t len_bytes;
	char text[];
};

struct listener {
	struct listener *next;
	struct connection *connection;
	struct event *queue[EVENTS_QUEUE]; /* owned references, oldest first */
	size_t n;
	size_t sent_bytes; /* of the oldest */
	bool is_reset;     /* events were dropped */
	int64_t said_ns;   /* when something was last sent */
};

struct events {
	struct listener *first;
	size_t n;
	struct event_list list; /* what listeners know; empty without any */
	bool has_list;          /* false before the first catalog */
	uint64_t era;           /* tells ids of this process from those of others */
};

/* Begin to listen: answers the request on @c. Returns what the libwebsockets callback has to. */
int events_begin(struct connection *c);

/* The socket of @c takes more. Returns as above. */
int events_write(struct connection *c);

/* @c goes. */
void events_end(struct connection *c);

/* There is a new catalog. */
void events_generation(struct app *a);

/* Say something to those who have heard nothing for long. */
void events_tick(struct app *a, int64_t now_ns);

void events_done(struct events *e);

#endif
