/* SPDX-License-Identifier: MIT */
/* One scan from its beginning to its publication: reads the host, asks broker and engines for the
 * rest, waits for them within limits (discover.h). */
#ifndef DISCOVER_ROUND_H
#define DISCOVER_ROUND_H

#include "discover/agenda.h"

struct discover;

/* Prepare the timers of @d. */
void round_init(struct discover *d);

/* Begin a scan; none may be under way. One that fails at once is logged and tried again later; the
 * process ends when the broker is gone. */
void round_begin(struct discover *d, enum agenda_kind kind);

/* Something that a scan waits for has come: end the scan if that was all. */
void round_go_on(struct discover *d);

#endif
