/* SPDX-License-Identifier: MIT */
/* What a finished scan becomes: a generation of the catalog, with the documents that were asked
 * for. */
#ifndef DISCOVER_GENERATION_H
#define DISCOVER_GENERATION_H

struct discover;

/* Make d->pub of d->scan, the engines and d->detail. A document that cannot be made is missing from
 * it, which is logged. Returns 0, or a negative errno when there is no new generation. */
int generation_make(struct discover *d);

#endif
