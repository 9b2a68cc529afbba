/* SPDX-License-Identifier: MIT */
/* A viewer: one client's view of a capture. It decides what is sent to the client next and counts
 * what the client got and lost.
 *
 * The transport calls viewer_next() for the next piece, sends it whole, and confirms that with
 * viewer_sent(). Pieces are whole pcapng blocks: a prologue (section header and interfaces), chunks
 * straight from the stream buffer, copies of chunks whose first packet reports a gap, names,
 * statistics. After a restart of its target a viewer moves to the capture that continues the first
 * one, its successor (hub/successors.c), and thus may have two seats for a while. */
#ifndef HUB_VIEWER_H
#define HUB_VIEWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "service/hub/capture.h"
#include "service/hub/seat.h"
#include "service/hub/tally.h"
#include "stream/chunk.h"

struct follow;

struct viewer {
	struct seat seats[2];
	struct seat *seat;      /* of the capture that is sent now */
	struct seat *successor; /* of the capture that is sent afterwards, NULL = none so far */
	const struct viewer_ops *ops;
	void *ctx;

	struct tally tally;
	bool wants_names;
	bool wants_live_statistics;
	uint32_t send_bytes; /* of the budget: what the kernel may keep for its socket */
	uint64_t names_told; /* version of the capture's names */
	bool is_leaving;     /* viewer_leave() was called */
	bool is_final;       /* the last statistics were made */
	bool stats_due;      /* live ones */
	int64_t progress_ns; /* when it last took something, monotonic */

	uint8_t *shb; /* owned: section header, until the prologue is made */
	size_t shb_len_bytes;
	uint8_t *own; /* owned: a piece made for this viewer, with head-room before it */
	size_t own_len_bytes;
	struct chunk chunk; /* the chunk at the seat, when the piece is that */

	struct follow *follow;  /* owned: target to find again after a restart, NULL = none */
	int64_t waits_since_ns; /* for the target to come back, monotonic; 0 = does not wait */
	bool has_waited_enough;
};

/* A piece to send. CHUNK_HEADROOM_BYTES before and CHUNK_TAILROOM_BYTES behind may be written. The
 * bytes are valid in this turn of the event loop, until the next call of the hub: a transport that
 * cannot send a piece whole copies the rest before it returns. */
struct piece {
	uint8_t *bytes;
	size_t len_bytes;
};

enum viewer_state {
	VIEWER_WAIT,  /* nothing to send now */
	VIEWER_PIECE, /* a piece to send */
	VIEWER_END,   /* everything was sent and the capture has ended: see hub_end() */
	VIEWER_MOVE,  /* everything of this seat was sent, the successor is next: viewer_move() */
};

/* Prepare the zeroed viewer @v. Its seats are free. */
void viewer_init(struct viewer *v, const struct viewer_ops *ops, void *ctx);

/* Seat @v in @c, which it watches (first call) or will watch after that (second call). Returns the
 * seat; NULL when both seats are taken or the reader wrote nonsense. */
struct seat *viewer_seat(struct viewer *v, struct capture *c, enum seat_start start);

/* What to send next (enum viewer_state). A second call without viewer_sent() gives the same piece,
 * unless the viewer was so slow that it had to skip it. @now_ns is wall-clock time. -ENOMEM and
 * -EBADMSG end the viewer. */
int viewer_next(struct viewer *v, uint64_t now_ns, struct piece *ret);

/* The client ends its capture itself. What viewer_next() returns from now on: the piece that is
 * already made, one piece with the final statistics of what was sent so far, then VIEWER_END.
 * Chunks that were not sent are not counted. */
void viewer_leave(struct viewer *v);

/* Watch the successor from now on. The caller frees the former seat, which is returned. */
struct seat *viewer_move(struct viewer *v);

/* True while the viewer waits for its target to come back. */
bool viewer_waits(const struct viewer *v);

/* The piece was handed to the transport whole. @now_ns is monotonic. */
void viewer_sent(struct viewer *v, int64_t now_ns);

/* Put the chunks that follow the piece of viewer_next(), which is a chunk as well, into @ret, up to
 * @cap. Returns how many: 0 when something else than a chunk comes next. They can be sent after it,
 * in the same turn of the event loop; viewer_sent_ahead(), behind viewer_sent(), says how many
 * were.
 */
int viewer_ahead(const struct viewer *v, struct iovec *ret, int cap);
void viewer_sent_ahead(struct viewer *v, int n);

/* Once a second. Returns true when live statistics are due: the viewer is to be woken. */
bool viewer_tick(struct viewer *v);

/* True when there is something that the viewer has not taken. */
bool viewer_has_more(const struct viewer *v);

/* Free what the viewer owns. */
void viewer_done(struct viewer *v);

#endif
