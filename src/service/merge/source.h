/* SPDX-License-Identifier: MIT */
/* One source of a merge: the copy of its newest piece, the packets in it in the order of their time
 * stamps, and the ids that its interfaces have in the merged stream. For merge.c. */
#ifndef MERGE_SOURCE_H
#define MERGE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "service/merge/label.h"
#include "service/merge/source_ops.h"

#define SOURCE_INTERFACES_MAX 65536 /* of one source */
#define SOURCE_COMMENT_MAX    256   /* bytes of a comment for statistics, NUL included */

/* A packet block of the piece. */
struct source_packet {
	uint64_t ts_ns;
	uint32_t at, len_bytes; /* in the piece */
};

/* An interface of the source. */
struct source_interface {
	uint32_t id;      /* in the merged stream */
	uint64_t dropped; /* packets that were taken from the source and not handed out */
};

struct merge;

struct merge_source {
	struct merge *merge; /* whose source it is */
	const struct merge_source_ops *ops;
	void *ctx;
	struct merge_label label;
	struct merge_source *next_ready;    /* in the queue of sources to poll */
	bool is_ready;                      /* it is in that queue */
	bool is_held;                       /* it holds packets */
	struct merge_source *older, *newer; /* among the sources that hold packets, by arrival */

	uint8_t *piece;                  /* owned */
	size_t len_bytes, cap_bytes, at; /* blocks before @at were looked at */
	int64_t arrived_ns;              /* monotonic */
	char comment[SOURCE_COMMENT_MAX];

	struct source_packet *run; /* owned: consecutive packet blocks of the piece */
	size_t n_run, cap_run, run_at;

	struct source_interface *interfaces; /* owned */
	size_t n_interfaces, cap_interfaces;
};

enum source_next {
	SOURCE_EMPTY,   /* everything of the piece was looked at */
	SOURCE_PACKETS, /* @run has the packets that come next */
	SOURCE_BLOCK,   /* one other block comes next */
};

/* Poll the source and copy its piece; the one before must be used up. Returns what ops->next()
 * does, or -ENOMEM as *ret_status = -ENOMEM with -1. */
int source_take(struct merge_source *s, int64_t now_ns, int *ret_status);

/* Look at what comes next in the piece. For SOURCE_BLOCK the block is s->piece + *ret_at, of
 * *ret_len bytes and of type *ret_type; the source is then behind it. Returns enum source_next,
 * -EBADMSG for malformed blocks or packets of interfaces that were not described, or -ENOMEM. */
int source_look(struct merge_source *s, size_t *ret_at, size_t *ret_len, uint32_t *ret_type);

/* The next interface of the source is @id in the merged stream. Returns 0, -ENOMEM, or -EBADMSG for
 * more than SOURCE_INTERFACES_MAX. */
int source_add_interface(struct merge_source *s, uint32_t id);

/* Drop the rest of the run and count its packets in their interfaces. */
void source_drop_run(struct merge_source *s);

/* Free what the source owns, not @s itself. */
void source_done(struct merge_source *s);

#endif
