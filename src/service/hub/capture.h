/* SPDX-License-Identifier: MIT */
/* One running capture as the service sees it: the stream buffer, the reader's control socket, and
 * the viewers that share it. */
#ifndef HUB_CAPTURE_H
#define HUB_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/broker.h"
#include "proto/capture_conf.h"
#include "proto/fdpass.h"
#include "service/admit/refusal.h"
#include "service/hub/idb_list.h"
#include "service/hub/names.h"
#include "service/hub/seat.h"
#include "stream/chunk.h"

enum capture_state {
	CAPTURE_OPENING,  /* the broker was asked */
	CAPTURE_STARTING, /* the reader was told what to do */
	CAPTURE_RUNNING,  /* all interfaces known at the start are told */
	CAPTURE_ENDED,    /* no more chunks will come; see end */
};

/* The other kernel ring that the reader wants. */
enum ring_wanted {
	RING_WANTED_NONE,
	RING_WANTED_LARGER,
	RING_WANTED_ANY, /* of at least the present size */
};

struct capture {
	uint32_t id;
	enum capture_state state;
	struct ns_ref ns;
	struct capture_conf conf; /* owned; with ns.inode, what viewers share a capture by */
	uint64_t bytes;           /* of the memory budget */
	uint32_t ring_bytes, stream_bytes, latency_ms;
	enum ring_wanted ring_wanted;
	uint32_t next_ring_bytes; /* requested from the broker, part of bytes; 0 = none */

	int event_fd, space_fd, control_fd; /* owned, -1 before the broker answered */
	void *watch;                        /* of event_fd, the hub's */
	bool has_reader;                    /* between the broker's answer and the reader's end */
	void *map;                          /* owned: the stream buffer */
	size_t map_bytes;
	struct chunk_reader in;
	uint64_t scan_pos; /* chunks before it have been looked at */
	struct idb_list idbs;
	struct names names;

	struct seats seats;
	uint32_t continues;     /* id of the capture whose successor this one is, 0 = none */
	int64_t ended_ns;       /* monotonic */
	bool has_started;       /* all interfaces known at the start were told */
	bool has_end;           /* CHUNK_END was scanned: the last chunk */
	bool is_stopping;       /* the reader was told to stop, or was hung up on */
	bool is_stale;          /* the broker found the reference stale: ask again with another */
	bool is_target_gone;    /* stopped because the target has ended */
	bool is_unwatched;      /* nobody tells when the target ends: discovery has to be asked */
	int64_t stop_ns;        /* when it was told to stop, or was hung up on, monotonic */
	bool is_filter_refused; /* by the kernel: the reader filters */
	struct refusal end;     /* why it ended, or will; text "" while unknown */

	/* totals for metrics */
	uint64_t packets, payload_bytes, lost_ring, lost_viewer;
};

/* A capture that waits for the broker. @conf is taken over. Returns NULL if there is no memory. */
struct capture *capture_new(uint32_t id, const struct ns_ref *ns, struct capture_conf *conf);

/* Hang up on the reader of @c and free what only viewers need; there must be none. */
void capture_release(struct capture *c);

/* Free @c; it must have no viewers. */
void capture_free(struct capture *c);

/* Take over the descriptors of the broker's answer and configure the reader. Returns 0 or a
 * negative errno with words in @e. */
int capture_attach(struct capture *c, struct fdset *fds, struct err *e);

/* Look at new chunks: interfaces, start, end. Then wake the viewers. Returns 0, or -EBADMSG when
 * the reader wrote nonsense: the capture is then ended. */
int capture_scan(struct capture *c);

/* Give back what every viewer has taken, and make slow viewers skip what the reader needs the room
 * for. */
void capture_reclaim(struct capture *c);

/* Wake all viewers. */
void capture_wake(struct capture *c);

/* Mark the capture ended for reason @end (kept if there is one already) and wake the viewers. */
void capture_set_ended(struct capture *c, const struct refusal *end);

/* Ask the reader to stop: it delivers what it has and ends. */
void capture_stop(struct capture *c, const struct refusal *why, int64_t now_ns);

/* Tell a running reader the end points to leave out, which changed in c->conf. */
void capture_exclude(struct capture *c);

/* The broker has made a ring of c->next_ring_bytes: tell the reader to change to it. */
void capture_use_next_ring(struct capture *c);

/* Where in the stream a viewer begins. */
enum seat_start {
	SEAT_NEWEST, /* with the next chunk that the reader writes */
	SEAT_OLDEST, /* with the oldest chunk that was not released */
};

/* Enter the free seat @s, of which owner and tally are set, in @c. This is the only function that
 * gives a seat its first position, which is never before the released one. Returns 0, or -EBADMSG
 * when the reader wrote nonsense; the seat then stays free. */
int capture_seat(struct capture *c, struct seat *s, enum seat_start start);

/* Take @s out of its capture and make it free. */
void capture_unseat(struct seat *s);

/* Has it ended because its target did, which may come back in another namespace? */
bool capture_may_go_on(const struct capture *c);

/* Would a viewer that asks for (@ns, @conf) see the same? A namespace that @is_claimed is the same
 * only if it was asked for in the same way. */
bool capture_matches(const struct capture *c, const struct ns_ref *ns, bool is_claimed,
	const struct capture_conf *conf);

#endif
