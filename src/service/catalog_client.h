/* SPDX-License-Identifier: MIT */
/* The service's end of the catalog channel: the newest catalog that discover published, and waiting
 * for one that was scanned after a moment in time. */
#ifndef SERVICE_CATALOG_CLIENT_H
#define SERVICE_CATALOG_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/catalog.h"

#define CATALOG_WAIT_LIMIT_NS (20 * 1000000000LL) /* as long as the original waits */

/* Somebody who waits; lives in the waiting object. */
struct catalog_waiter {
	struct catalog_waiter *next;
	uint8_t documents; /* MSG_DOCUMENT_*: must come with it; set it before the wait */
	uint32_t want;     /* the refresh that must be satisfied */
	int64_t limit_ns;  /* monotonic */
	bool is_waiting;
	/* @is_fresh: there is a catalog scanned after the wait began; otherwise time is up. The
	 * waiter is off the list already. */
	void (*ready)(void *ctx, bool is_fresh);
	void *ctx;
};

/* The newest of its kind, as discover has written it. */
struct catalog_document {
	char *p; /* mapped; NULL before the first one */
	size_t len_bytes;
	uint32_t answers;    /* newest refresh it satisfies */
	int64_t received_ns; /* monotonic */
};

struct catalog_client {
	int channel;            /* owned, -1 while discover is away */
	int64_t lost_ns;        /* when it went away, monotonic */
	struct catalog catalog; /* empty before the first one */
	bool has_catalog;
	int64_t received_ns; /* monotonic */
	uint64_t scan_ns, generation;
	struct catalog_document mobyshark;
	struct catalog_document documents[MSG_DOCUMENT_BITS]; /* by bit; they come when asked for */
	uint32_t asked, answered;                             /* refresh ids */
	bool is_unasked; /* discover's queue was full: ask when it has answered */
	struct catalog_waiter *waiters;
};

void catalog_client_init(struct catalog_client *c, int channel);
void catalog_client_done(struct catalog_client *c);

/* Discover was started anew: use @channel (taken over). Open questions are asked again. */
void catalog_client_reconnect(struct catalog_client *c, int channel);

/* Read what discover sent; waiters whose catalog came are called. Returns 1 when there is a new
 * catalog, 0 if not, -EPIPE when discover is away (the channel is closed then). */
int catalog_client_receive(struct catalog_client *c);

/* Put @w on the list: w->ready is called when a catalog comes whose scan began after now, with the
 * documents that @w wants, or after CATALOG_WAIT_LIMIT_NS. */
void catalog_client_wait(struct catalog_client *c, struct catalog_waiter *w, int64_t now_ns);

/* Take @w off the list, if it is there. */
void catalog_client_cancel(struct catalog_client *c, struct catalog_waiter *w);

/* Call those whose time is up. */
void catalog_client_tick(struct catalog_client *c, int64_t now_ns);

#endif
