/* SPDX-License-Identifier: MIT */
/* The merge stage: joins the pcapng streams of several sources into one section.
 *
 * - Interfaces get new ids in the order in which they are described. Their names begin with the
 *   label of their source.
 * - Packets are in the order of their time stamps. The merge stage holds a packet back until every
 *   source has a later one, at most for the window. A packet that is older than one already sent is
 *   sent at once and counted as late; none is dropped.
 * - Everything else (interfaces, names, statistics) keeps its place among the blocks of its source.
 *
 * It copies each piece of a source once, before it looks at it, so that a piece may lie in memory
 * that another process writes. It knows neither sockets nor readers nor captures. No I/O. */
#ifndef MERGE_MERGE_H
#define MERGE_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "service/merge/label.h"
#include "service/merge/source_ops.h"

#define MERGE_WINDOW_MAX_NS 50000000 /* the longest time that a packet is held back */
#define MERGE_SOURCES_MAX   4096

struct merge_source; /* one source of a merge, opaque */

/* When the stream ends by itself; 0 = no limit. */
struct merge_limits {
	uint64_t packets; /* after this many */
	uint64_t bytes;   /* before the packet with which the stream would have more bytes; final
			   * statistics come on top */
};

struct merge_counters {
	uint64_t packets, bytes; /* that were handed out */
	uint64_t late;           /* of the packets: older than one before */
};

struct merge;

/* A merge without sources. @shb is the section header block to begin with, of @shb_len_bytes; it is
 * taken over, also on failure. Packets are held back at most @window_ns. NULL without memory. */
struct merge *merge_new(
	uint8_t *shb, size_t shb_len_bytes, int64_t window_ns, const struct merge_limits *limits);

/* NULL is fine. Sources are not told. */
void merge_free(struct merge *m);

/* Add a source, whose first block is a section header. @label is copied. @ret is valid until
 * ops->ended(). Returns 0, -ENOMEM, or -E2BIG for more than MERGE_SOURCES_MAX. */
int merge_add(struct merge *m, const struct merge_source_ops *ops, void *ctx,
	const struct merge_label *label, struct merge_source **ret);

/* No source will be added any more: the merged stream ends with its last source. */
void merge_seal(struct merge *m);

/* ops->next() of @s may return something else now. */
void merge_ready(struct merge_source *s);

/* Hand out everything that sources have without holding packets back, from now on. */
void merge_drain(struct merge *m);

/* The next piece of the merged stream, with MERGE_ROOM_... of writable bytes around it. @now_ns is
 * monotonic. Returns 1; 0 when there is none now, with the time in *ret_due_ns at which to call
 * again (INT64_MAX: when a source is ready); -1 at the end; or -ENOMEM. A second call without
 * merge_sent() returns the same piece. Calls the ops of sources, which may add sources but not free
 * the merge. */
int merge_next(struct merge *m, int64_t now_ns, struct iovec *ret, int64_t *ret_due_ns);

/* The piece was handed to the transport. */
void merge_sent(struct merge *m);

/* True once a limit was reached. From then on packets of sources are dropped and taken out of
 * statistics blocks: the owner lets the sources end. */
bool merge_is_cut(const struct merge *m);

const struct merge_counters *merge_counters(const struct merge *m);

#endif
