/* SPDX-License-Identifier: MIT */
/* Seats: the read positions of viewers in the stream of one capture, and the one place that
 * compares them. A seat knows its read position, the losses no packet has reported so far, and the
 * counters of its viewer. This module decides which chunks are released to the reader and which
 * chunks a slow viewer skips.
 *
 * Positions (stream/chunk.h) need care where the stream wraps around: the end of a chunk and the
 * beginning of the next one may be two numbers, with a jump to the start of the buffer between
 * them, and both are valid read positions. So read positions are never compared with each other to
 * decide whether a chunk was read; only seat_has_passed() decides that, by the end of the chunk,
 * which is one number. The invariants, which hold whatever the buffer contains:
 *
 *  - released <= position of every seat;
 *  - a chunk is released only when every seat has passed it or has skipped it;
 *  - a chunk is skipped only when it was scanned and the seat furthest ahead has passed it;
 *  - each chunk between the first position of a seat and its leave_at is counted exactly once for
 *    its viewer: as delivered or as skipped. */
#ifndef HUB_SEAT_H
#define HUB_SEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "service/hub/tally.h"
#include "stream/chunk.h"

struct capture;
struct viewer;

/* How the hub reaches the transport of a viewer. */
struct viewer_ops {
	void (*wake)(void *ctx);  /* viewer_next() may return something else now */
	void (*stuck)(void *ctx); /* the viewer took nothing for a long time: close the connection
				   */
};

/* A viewer's place in the stream of one capture. Part of a viewer, all zero while it is free. */
struct seat {
	struct viewer *viewer; /* whose seat it is; opaque here */
	const struct viewer_ops *ops;
	void *ctx;               /* of ops */
	struct capture *capture; /* borrowed; NULL = the seat is free */
	struct seat *next;       /* of the same capture */
	struct tally *tally;     /* borrowed: the viewer's counters */
	uint64_t pos;            /* read position: of the next chunk */
	uint64_t leave_at; /* chunks from here on are not for this viewer; UINT64_MAX: all are */
	uint64_t gap;      /* packets lost that no packet has reported yet */
	uint64_t unbooked; /* packets lost in the kernel and not counted yet: the interface of
			    * the next packet counts them (decision 0010) */
	uint32_t
		last_interface; /* of the first packet of the newest chunk, or the first there is */
};

/* The seats of one capture. */
struct seats {
	struct seat *first;
	uint32_t n;
};

/* Enter @s in @l or take it out. seats_add() expects s->pos to be at or behind the released
 * position; seats_remove() leaves the seat free. */
void seats_add(struct seats *l, struct seat *s);
void seats_remove(struct seats *l, struct seat *s);

/* True when chunk @k lies before the read position of @s. */
bool seat_has_passed(const struct seat *s, const struct chunk *k);

/* True when @s has reached the position from which on chunks are not for its viewer. */
bool seat_has_left(const struct seat *s);

/* Move @s behind chunk @k and count @k as delivered (true) or skipped (false), unless the seat has
 * passed @k already or the chunk is not for its viewer. A skipped chunk adds to the gap.
 * Returns 0, or -ENOMEM if the counters do not fit; the seat then stays where it is. */
int seat_pass(struct seat *s, const struct chunk *k, bool is_delivered);

/* No packet follows: count the losses for which the interface of the next packet was awaited at the
 * interface of a packet before them. Returns 0 or -ENOMEM. */
int seat_settle(struct seat *s);

/* Release to the reader what all seats have passed. If a slow seat keeps the buffer more than half
 * full while another seat is an eighth of the buffer ahead, the slow seats skip chunks. Chunks from
 * @scanned on are neither released nor skipped. *lost grows by the packets skipped, once for each
 * seat. Returns true when the reader waits for space and must be woken. */
bool seats_reclaim(struct seats *l, struct chunk_reader *in, uint64_t scanned, uint64_t *lost);

#endif
