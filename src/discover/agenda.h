/* SPDX-License-Identifier: MIT */
/* When to look at the host, and how: whole scans, which read everything, and updates, which read
 * what is known to have changed. No I/O, no clock.
 *
 * Somebody who asks for a whole scan gets one at once. Somebody who asks whether the catalog is
 * current gets an update if something is known to have changed, and a whole scan where the kernel
 * does not tell of changes, or its telling was lost. What changes without anybody asking is looked
 * at at once, until that has added up: updates may take a tenth of the time, and AGENDA_BURST_MS of
 * work in advance. Then they rest, but never longer than AGENDA_GAP_MAX_MS. A full scan without a
 * request comes every AGENDA_REST_MS, less often where scans take long, so that resting costs less
 * than half a percent of a core. Where the kernel does not report changes, such scans find nothing
 * that a request would not find: their interval doubles, up to AGENDA_BLIND_REST_MS, until the next
 * request. */
#ifndef DISCOVER_AGENDA_H
#define DISCOVER_AGENDA_H

#include <stdbool.h>
#include <stdint.h>

#define AGENDA_REST_MS       10000
#define AGENDA_BLIND_REST_MS 60000
#define AGENDA_GAP_MS        50 /* between scans that engines' announcements cause */
#define AGENDA_GAP_MAX_MS    200
#define AGENDA_BURST_MS      200
#define AGENDA_LOST_MS       1000 /* between scans that lost events cause, at least */

enum agenda_kind {
	AGENDA_NOTHING, /* wait until the time comes */
	AGENDA_UPDATE,
	AGENDA_WHOLE
};

/* The last ones that ended; zeroed before the first. Times are monotonic. */
struct agenda {
	int64_t ended_ns;                        /* of any kind */
	int64_t debt_ns;                         /* of rest, when the last one ended */
	int64_t whole_ended_ns, whole_took_ns;   /* whole ones: 0 = none yet */
	uint32_t n_unrequested;                  /* whole ones since the newest request */
	int64_t update_ended_ns, update_took_ns; /* updates: 0 = none yet */
};

struct agenda_wants {
	bool whole_asked;   /* somebody waits for a whole scan */
	bool confirm_asked; /* somebody waits for the newest state */
	bool documents;     /* somebody waits for documents that have to be made */
	bool is_told;       /* the kernel tells of changes */
	bool is_lost;       /* it did, but some of it got lost */
	bool has_changed;   /* it has told of something that may show */
	bool announced;     /* an engine has */
};

/* What to do next. *ret_at_ns is when; a time that has passed means now. */
enum agenda_kind agenda_next(
	const struct agenda *a, const struct agenda_wants *w, int64_t now_ns, int64_t *ret_at_ns);

/* A request has arrived. */
void agenda_request(struct agenda *a);

/* A scan has ended. */
void agenda_note(struct agenda *a, enum agenda_kind kind, int64_t began_ns, int64_t ended_ns);

#endif
