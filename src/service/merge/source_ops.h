/* SPDX-License-Identifier: MIT */
/* How the merge stage reads a source: a stream of pcapng in pieces of whole blocks. */
#ifndef MERGE_SOURCE_OPS_H
#define MERGE_SOURCE_OPS_H

#include <stddef.h>
#include <stdint.h>

/* Whole pcapng blocks in host byte order. */
struct merge_piece {
	const uint8_t *bytes; /* borrowed until sent() */
	size_t len_bytes;
	const char *comment; /* for the statistics blocks in it; borrowed, NULL = none */
};

struct merge_source_ops {
	/* The next piece. Returns 1; 0 when there is none now; or -1 at the end of the source. */
	int (*next)(void *ctx, struct merge_piece *ret);
	/* The piece was copied. */
	void (*sent)(void *ctx);
	/* The source is forgotten: @status is 0 after its end, -EBADMSG when it sent a malformed
	 * block, or -ENOMEM. The owner may free @ctx. */
	void (*ended)(void *ctx, int status);
};

#endif
