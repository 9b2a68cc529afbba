/* SPDX-License-Identifier: MIT */
/* Blocks on their way to a sink, gathered so that few system calls write many of them. Those that
 * lie in memory of the caller are not copied; neighbours become one piece. */
#ifndef CSHARG_BATCH_H
#define CSHARG_BATCH_H

#include <stdbool.h>
#include <sys/uio.h>

#include "csharg/lib/sink.h"

#define BATCH_PIECES_MAX   64
#define BATCH_COPIES_BYTES 65536

struct batch_sum {
	uint64_t packets, bytes;
};

/* Zero-initialise. */
struct batch {
	struct iovec piece[BATCH_PIECES_MAX];
	size_t n_pieces;
	struct batch_sum waiting; /* in the pieces */
	struct batch_sum
		written; /* in whole blocks that the sink has taken, also after a failure */
	uint8_t *copies; /* owned, BATCH_COPIES_BYTES, made with the first copy */
	size_t copies_bytes;
};

/* Append @len_bytes bytes at @p: whole blocks with @packets packets in them. @stays: they stay as
 * they are until batch_write(), else they are copied. What does not fit makes the batch be written
 * before. Returns 0, -ENOMEM, or what sink_write() returned. */
int batch_add(struct batch *b, struct sink *sink, const uint8_t *p, size_t len_bytes,
	uint64_t packets, bool stays);

/* Write everything and forget it, also on failure: a regular file then ends with the last block
 * that was written whole. Returns 0 or what sink_write() returned. */
int batch_write(struct batch *b, struct sink *sink);

void batch_done(struct batch *b);

#endif
