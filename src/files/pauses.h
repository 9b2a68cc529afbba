/* SPDX-License-Identifier: MIT */
/* The places of other processes' file systems that are not looked at for a while, as an operation
 * there took too long. A place is a number (files/root_path.c makes it of a root and a directory).
 * Bounds what file systems that do not answer can cost: per place one blocked worker, and one wait
 * of WORKER_WAIT_MS per pause; pauses grow from 10 s to 10 minutes. */
#ifndef FILES_PAUSES_H
#define FILES_PAUSES_H

#include <stdbool.h>
#include <stdint.h>

#define PAUSES_MAX      32 /* places, and so blocked workers */
#define PAUSE_FIRST_NS  10000000000
#define PAUSE_MAX_NS    600000000000
#define PAUSE_SLOW_NS   100000000  /* an operation that takes longer is counted */
#define PAUSE_BUDGET_NS 1000000000 /* of such operations, then the place is paused */

struct pause {
	uint64_t place; /* 0 = free */
	int sock;       /* owned: to the blocked worker, -1 = none */
	int64_t spent_ns, until_ns, pause_ns;
};

/* Zero-initialise. */
struct pauses {
	struct pause v[PAUSES_MAX];
};

/* May @place be looked at? False while it is paused or its worker is blocked, and for every place
 * when all workers that are allowed are blocked. */
bool pauses_allow(struct pauses *p, uint64_t place, int64_t now_ns);

/* An operation at @place took @took_ns and has ended. */
void pauses_note(struct pauses *p, uint64_t place, int64_t now_ns, int64_t took_ns);

/* An operation at @place did not end; its worker has the other end of @sock, which is taken over.
 */
void pauses_note_blocked(struct pauses *p, uint64_t place, int64_t now_ns, int sock);

void pauses_done(struct pauses *p);

#endif
