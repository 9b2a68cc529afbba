/* SPDX-License-Identifier: MIT */
/* What one viewer got and lost, interface by interface, and the Interface Statistics Blocks that
 * say so. The law: accepted = delivered + lost, at every moment, for every interface. */
#ifndef HUB_TALLY_H
#define HUB_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "stream/chunk.h"

#define TALLY_ISB_BYTES 128 /* at least the length of one statistics block */

struct tally_row {
	uint64_t delivered;
	uint64_t lost_ring;   /* dropped by the kernel */
	uint64_t lost_viewer; /* this viewer was too slow */
	bool changed;         /* since the last statistics block */
};

struct tally {
	struct tally_row *rows; /* owned, by pcapng interface id */
	uint32_t n;
	uint32_t known;    /* of them, those the viewer was told: statistics are of these alone */
	bool changed;      /* one of the known ones */
	uint64_t start_ns; /* of the viewer's capture, since 1970 */
};

void tally_done(struct tally *t);

/* Make room for interfaces 0..@n-1. Returns 0 or -ENOMEM. */
int tally_grow(struct tally *t, uint32_t n);

/* The viewer is told interfaces 0..@n-1 now: their statistics may follow. Returns 0 or -ENOMEM. */
int tally_know(struct tally *t, uint32_t n);

/* The kernel lost @packets, which are counted at @interface. */
void tally_lost_ring(struct tally *t, uint32_t interface, uint64_t packets);

/* The packets of chunk @c were delivered, or were skipped because the viewer was too slow.
 * tally_grow() must have made room for the interfaces before. */
void tally_delivered(struct tally *t, const struct chunk *c);
void tally_skipped(struct tally *t, const struct chunk *c);

/* Append the statistics of all known interfaces, or of those with changes, as of @now_ns to @out,
 * as many as fit; their changes are then told. Returns the length in bytes. */
size_t tally_put(struct tally *t, bool all, uint64_t now_ns, uint8_t *out, size_t cap_bytes);

#endif
