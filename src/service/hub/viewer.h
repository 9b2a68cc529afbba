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

/* How the hub reaches the transport. */
struct viewer_ops {
	void (*wake)(void *ctx);  /* viewer_next() has something new to say */
	void (*stuck)(void *ctx); /* it took nothing for a long time: end the connection */
};

struct viewer {
	struct capture *capture; /* borrowed; NULL once the capture is gone */
	struct viewer *next;     /* of the same capture */
	const struct viewer_ops *ops;
	void *ctx;

	uint64_t pos; /* in the stream: the next chunk */
	uint32_t idbs_sent;
	uint64_t gap; /* packets lost that no packet has told of yet */
	struct tally tally;
	bool is_started; /* the prologue was made */
	bool is_final;   /* the last statistics were made */
	bool stats_due;
	int64_t progress_ns; /* when it last took something, monotonic */

	uint8_t *shb; /* owned: section header, until the prologue is made */
	size_t shb_len_bytes;
	uint8_t *own; /* owned: a piece made for this viewer, with head-room before it */
	size_t own_len_bytes;
	struct chunk chunk; /* the chunk at @pos, when the piece is that */
};

/* A piece to send. CHUNK_HEADROOM_BYTES before and CHUNK_TAILROOM_BYTES behind may be written. */
struct piece {
	uint8_t *bytes;
	size_t len_bytes;
};

enum viewer_state {
	VIEWER_WAIT,  /* nothing to send now */
	VIEWER_PIECE, /* a piece to send */
	VIEWER_END,   /* everything was sent and the capture has ended: see capture_end() */
};

/* What to send next (enum viewer_state). Asking again without viewer_sent() gives the same piece,
 * unless the viewer was so slow that it was taken away. @now_ns is wall-clock time. -ENOMEM and
 * -EBADMSG end the viewer. */
int viewer_next(struct viewer *v, uint64_t now_ns, struct piece *ret);

/* The piece was handed to the transport whole. @now_ns is monotonic. */
void viewer_sent(struct viewer *v, int64_t now_ns);

/* Is there something that the viewer has not taken? */
bool viewer_has_more(const struct viewer *v);

/* The viewer does not get chunk @c, which is at its position: it was too slow. Returns 0 or
 * -ENOMEM. */
int viewer_skip(struct viewer *v, const struct chunk *c);

/* Free what the viewer owns. */
void viewer_done(struct viewer *v);

#endif
