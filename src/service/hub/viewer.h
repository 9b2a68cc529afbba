/* SPDX-License-Identifier: MIT */
/* One viewer of a capture: where it is in the stream, what goes out to it next, what it lost.
 *
 * The transport asks viewer_next() for the next piece, sends it whole, and says so with
 * viewer_sent(). Pieces are whole pcapng blocks: a prologue (section header and interfaces), chunks
 * straight from the stream buffer, copies of chunks whose first packet tells of a gap, statistics.
 */
#ifndef HUB_VIEWER_H
#define HUB_VIEWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "service/hub/tally.h"
#include "stream/chunk.h"

struct capture;
struct follow;
struct viewer;

/* A viewer's place in the stream of one capture. */
struct seat {
	struct viewer *viewer;
	struct capture *capture; /* borrowed; NULL = the seat is free */
	struct seat *next;       /* of the same capture */
	uint64_t pos;            /* in the stream: the next chunk */
	uint64_t leave_at;       /* from here on the next capture follows; UINT64_MAX: at the end */
	uint64_t gap;            /* packets lost that no packet has told of yet */
};

/* How the hub reaches the transport. */
struct viewer_ops {
	void (*wake)(void *ctx);  /* viewer_next() has something new to say */
	void (*stuck)(void *ctx); /* it took nothing for a long time: end the connection */
};

struct viewer {
	struct seat seats[2];
	struct seat *seat; /* what it watches */
	struct seat *heir; /* what it will go on with, NULL = nothing so far */
	const struct viewer_ops *ops;
	void *ctx;

	struct tally tally;
	bool is_started; /* the prologue was made: of this capture's interfaces, and before the
			  * first one's the section header */
	bool wants_names;
	uint64_t names_told; /* version of the capture's names */
	bool is_final;       /* the last statistics were made */
	bool stats_due;
	int64_t progress_ns; /* when it last took something, monotonic */

	uint8_t *shb; /* owned: section header, until the prologue is made */
	size_t shb_len_bytes;
	uint8_t *own; /* owned: a piece made for this viewer, with head-room before it */
	size_t own_len_bytes;
	struct chunk chunk; /* the chunk at the seat, when the piece is that */

	struct follow *follow;  /* owned: whom it follows into another namespace, NULL = nobody */
	int64_t waits_since_ns; /* for the target to come back, monotonic; 0 = does not wait */
	bool has_waited_enough;
};

/* A piece to send. CHUNK_HEADROOM_BYTES before and CHUNK_TAILROOM_BYTES behind may be written. */
struct piece {
	uint8_t *bytes;
	size_t len_bytes;
};

enum viewer_state {
	VIEWER_WAIT,  /* nothing to send now */
	VIEWER_PIECE, /* a piece to send */
	VIEWER_END,   /* everything was sent and the capture has ended: see hub_end() */
	VIEWER_MOVE,  /* everything of this seat was sent, the other is next: viewer_move() */
};

/* What to send next (enum viewer_state). Asking again without viewer_sent() gives the same piece,
 * unless the viewer was so slow that it was taken away. @now_ns is wall-clock time. -ENOMEM and
 * -EBADMSG end the viewer. */
int viewer_next(struct viewer *v, uint64_t now_ns, struct piece *ret);

/* Go over to the heir's seat; the former one is then to be freed by the caller, who gets it. */
struct seat *viewer_move(struct viewer *v);

/* Does it wait for its target to come back? */
bool viewer_waits(const struct viewer *v);

/* The piece was handed to the transport whole. @now_ns is monotonic. */
void viewer_sent(struct viewer *v, int64_t now_ns);

/* Is there something that the viewer has not taken? */
bool viewer_has_more(const struct viewer *v);

/* The viewer of @s does not get chunk @c, which is at this seat: it was too slow. Returns 0 or
 * -ENOMEM. */
int viewer_skip(struct seat *s, const struct chunk *c);

/* Free what the viewer owns. */
void viewer_done(struct viewer *v);

#endif
