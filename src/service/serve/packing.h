/* SPDX-License-Identifier: MIT */
/* Making the gzip forms of documents in the service's loop, in steps, for the first request that
 * takes one; all others share it. Connections may wait for it. */
#ifndef SERVE_PACKING_H
#define SERVE_PACKING_H

#include <stddef.h>

struct app;
struct connection;
struct document;
struct packing;

#define PACKING_LEAST_BYTES 1024  /* what is smaller goes into one packet anyway */
#define PACKING_STEP_BYTES  32768 /* then others have their turn */

/* Make the gzip form of @d, which has none, unless that is under way. Returns what makes it, NULL
 * without memory. It holds a reference to @d. */
struct packing *packing_begin(struct app *a, struct document *d);

/* Wake @c when @p has ended, well or not: c->packing is NULL then. */
void packing_wait(struct packing *p, struct connection *c);

/* @c waits no longer, if it does. */
void packing_leave(struct connection *c);

/* End all; nobody waits any more. */
void packings_done(struct app *a);

#endif
