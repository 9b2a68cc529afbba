/* SPDX-License-Identifier: MIT */
/* A running capture: what csharg_stream_...() work on. */
#ifndef CSHARG_STREAM_H
#define CSHARG_STREAM_H

#include <stdatomic.h>

#include "csharg/lib/leg.h"

#define STREAM_LEGS_MAX   64
#define STREAM_READ_BYTES TRANSPORT_READ_MAX

struct csharg_stream {
	struct leg *leg; /* owned array */
	size_t n_legs, n_open;
	struct sink sink;
	struct pipeline pipeline;
	struct csharg_reader *reader; /* owned, for captures of packets; the sink feeds it */
	struct csharg_target *target; /* owned, what @doc points into */
	char *filter;                 /* owned, as above */
	struct target_comment doc;
	struct csharg_capture_options options; /* numbers only, no strings */
	uint8_t *buf;                          /* owned, STREAM_READ_BYTES */
	int epoll_fd, stop_fd;
	uint32_t sink_watched;
	atomic_uint stops; /* calls of csharg_stream_stop() */
	unsigned int stops_taken;
	int64_t duration_end_ns, close_by_ns; /* 0 = none */
	struct csharg_end end;                /* decided when its reason is set */
	bool discards;                        /* what still comes is not wanted */
	bool is_over;
	char text[512];
};

/* An unfinished stream with room for @n_legs. NULL with @e filled. */
struct csharg_stream *stream_new(size_t n_legs, struct err *e);

/* Begin when all legs are open: from here on time counts. Returns 0 or a negative errno with @e. */
int stream_begin(struct csharg_stream *s, struct err *e);

/* Decide the end, unless it is decided: the connections are to be closed, what is on its way to the
 * output is still written. */
void stream_decide(struct csharg_stream *s, enum csharg_end_reason reason, int error, int code,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The connection of @leg is over. */
void stream_leg_ended(struct csharg_stream *s, struct leg *leg);

/* Cut all connections. */
void stream_drop_legs(struct csharg_stream *s);

/* Tell all services that we leave and wait up to @stop_wait_ms for them. */
void stream_close_legs(struct csharg_stream *s);

/* Read and handle what has come for @leg, a bounded amount. */
void stream_serve_leg(struct csharg_stream *s, struct leg *leg);

#endif
