/* SPDX-License-Identifier: MIT */
/* From the blocks of one or several services' streams to the one stream that is written: the target
 * in the section header, limits, snap length, interface numbers of merged streams, and counting.
 * Runs of blocks that stay as they are go out in one piece, without being copied. */
#ifndef CSHARG_PIPELINE_H
#define CSHARG_PIPELINE_H

#include "csharg/lib/batch.h"
#include "csharg/lib/section.h"
#include "csharg/lib/shb_edit.h"
#include "csharg/lib/sink.h"

/* One stream that comes in. Zero-initialise; @out is set by the owner. */
struct inlet {
	struct pipeline *out;
	struct blocks blocks;
	struct section section;
	uint32_t *id; /* owned: number in the outgoing stream of each interface */
	size_t cap_ids;
	bool has_header;
};

struct pipeline {
	struct sink *sink;                /* borrowed */
	const struct target_comment *doc; /* borrowed, for ever */
	size_t n_inlets;
	uint64_t max_packets, max_bytes; /* 0 = no limit */
	uint32_t snaplen_bytes;          /* 0 = whole packets */
	/* from here on: zero */
	bool has_header, big_endian;
	struct batch batch; /* blocks that are still to be written */
	uint8_t *changed;   /* owned: a block that is written in another form */
	size_t cap_changed;
	uint64_t lost_marked; /* as packets tell (epb_dropcount) */
	struct csharg_counters counters;
	enum csharg_end_reason full; /* the limit that was reached */
};

/* Feed bytes of @in, which must stay as they are until pipeline_write(). Returns 0; 1 when a limit
 * (@full) is reached: everything up to it is written; -EBADMSG (everything before is written) or
 * -ENOMEM with @e filled; or what sink_write() returned. */
int pipeline_feed(struct inlet *in, const uint8_t *p, size_t len_bytes, struct err *e);

/* Write what was fed. Returns 0 or what sink_write() returned. */
int pipeline_write(struct pipeline *out);

/* Writing has failed: the counters are what was written, no longer what was fed. */
void pipeline_settle(struct pipeline *out);

void inlet_done(struct inlet *in);
void pipeline_done(struct pipeline *out);

#endif
