/* SPDX-License-Identifier: MIT */
/* The service's end of the catalog channel: the newest catalog that discover published, whether it
 * is current, and waiting for one that is.
 *
 * A catalog is current when nothing is known to have changed since, and that was confirmed not
 * longer ago than the age limit (decision 0028). It ages from the moment a scan began, or a
 * question for confirmation was sent. */
#ifndef CATALOG_CATALOG_CLIENT_H
#define CATALOG_CATALOG_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/catalog.h"
#include "service/catalog/document.h"

#define CATALOG_DOCUMENT_NS    1000000000LL        /* a document other than /mobyshark is used */
#define CATALOG_DOCUMENT_SCANS 4                   /* or so many times as long as its scan took */
#define CATALOG_WAIT_LIMIT_NS  (20 * 1000000000LL) /* as long as the original waits */

/* Somebody who waits; lives in the waiting object. */
struct catalog_waiter {
	struct catalog_waiter *next;
	uint8_t documents; /* MSG_DOCUMENT_*: must come with it; set it before the wait */
	bool is_check;     /* waits for a confirmation, not for a scan */
	uint32_t want;     /* the refresh, or check, that must be satisfied */
	int64_t since_ns;  /* when that was asked, monotonic */
	int64_t limit_ns;  /* monotonic */
	bool is_waiting;
	/* @is_fresh: what was waited for has come; otherwise time is up. The waiter is off the list
	 * already. */
	void (*ready)(void *ctx, bool is_fresh);
	void *ctx;
};

/* The newest of its kind, as discover has written it. */
struct catalog_document {
	struct document *document; /* one reference; NULL before the first one */
	uint32_t answers;          /* newest refresh it satisfies */
	uint64_t generation;       /* that it came with */
	int64_t scan_ns;           /* what its scan took */
	int64_t received_ns;       /* monotonic */
	/* The one before, if it was current until then and has a gzip form: one reference. It
	 * answers while that of the newest is made. */
	struct document *before;
	int64_t replaced_ns; /* monotonic */
};

struct catalog_client {
	int channel;            /* owned, -1 while discover is away */
	int64_t lost_ns;        /* when it went away, monotonic */
	struct catalog catalog; /* empty before the first one */
	bool has_catalog;
	int64_t received_ns; /* monotonic */
	uint64_t scan_ns, generation;
	uint64_t received; /* catalogs so far */
	uint64_t era;      /* tells this process from those before */
	struct catalog_document mobyshark;
	struct catalog_document documents[MSG_DOCUMENT_BITS]; /* by bit; they come when asked for */
	uint32_t asked, answered;                             /* refresh ids */
	bool is_unasked;            /* discover's queue was full: ask when it has answered */
	int64_t max_age_ns;         /* the age limit */
	int64_t current_ns;         /* since when the catalog is what it is, monotonic */
	bool is_outdated;           /* it is not: another one is coming */
	bool was_current;           /* what the newest has replaced was not outdated */
	uint32_t checked, checking; /* ids of checks: newest answered, newest asked */
	int64_t check_sent_ns;      /* monotonic */
	uint8_t check_documents;    /* that come with the newest */
	uint8_t renewing;           /* documents asked for that nobody waits for, not yet here */
	struct catalog_waiter *waiters;
	struct catalog_waiter *due; /* to be called now, and not on the other list any more */
};

void catalog_client_init(struct catalog_client *c, int channel, uint32_t max_age_ms);
void catalog_client_done(struct catalog_client *c);

/* Discover was started anew: use @channel (taken over). Open questions are asked again. */
void catalog_client_reconnect(struct catalog_client *c, int channel);

/* Read what discover sent; waiters whose catalog came are called. Returns 1 when there is a new
 * catalog, 0 if not, -EPIPE when discover is away: call catalog_client_hang_up() then. */
int catalog_client_receive(struct catalog_client *c);

/* Close the channel, which must not be watched any more. */
void catalog_client_hang_up(struct catalog_client *c);

/* Put @w on the list: w->ready is called when a catalog comes whose scan began after now, with the
 * documents that @w wants, or after CATALOG_WAIT_LIMIT_NS. */
void catalog_client_wait(struct catalog_client *c, struct catalog_waiter *w, int64_t now_ns);

/* Is there a catalog that is current? */
bool catalog_client_is_current(const struct catalog_client *c, int64_t now_ns);

/* Are there @documents (MSG_DOCUMENT_*) of the newest generation that are not older than
 * CATALOG_DOCUMENT_NS, CATALOG_DOCUMENT_SCANS scans like theirs, or the age limit, whatever is
 * most?
 */
bool catalog_client_has(const struct catalog_client *c, uint8_t documents, int64_t now_ns);

/* The document that answers at @now_ns in place of @d, one of @c's: @d->document if that has a gzip
 * form, else the one before it, which was current not longer than the age limit ago and has one;
 * else NULL. */
struct document *catalog_client_packed(
	const struct catalog_client *c, const struct catalog_document *d, int64_t now_ns);

/* Put @w on the list: w->ready is called when discover has confirmed that the catalog is current,
 * or has sent one that is, with the documents that @w wants, or after CATALOG_WAIT_LIMIT_NS. */
void catalog_client_check(struct catalog_client *c, struct catalog_waiter *w, int64_t now_ns);

/* Have @documents that are older than the age limit, and than two scans like theirs, made anew, and
 * the catalog confirmed before somebody has to wait for that; nobody waits for either. */
void catalog_client_renew(struct catalog_client *c, uint8_t documents, int64_t now_ns);

/* Take @w off the list, if it is there: it is not called any more. Calls of other waiters may do
 * so.
 */
void catalog_client_cancel(struct catalog_client *c, struct catalog_waiter *w);

/* Call those whose time is up. */
void catalog_client_tick(struct catalog_client *c, int64_t now_ns);

#endif
