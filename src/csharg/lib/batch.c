/* SPDX-License-Identifier: MIT */
#include "csharg/lib/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int batch_write(struct batch *b, struct sink *sink)
{
	size_t n = b->n_pieces;

	b->n_pieces = 0;
	b->copies_bytes = 0;
	return n ? sink_write(sink, b->piece, n) : 0;
}

static int append(struct batch *b, struct sink *sink, const uint8_t *p, size_t len)
{
	struct iovec *last = b->piece + b->n_pieces - 1;

	if (b->n_pieces > 0 && p == (const uint8_t *) last->iov_base + last->iov_len) {
		last->iov_len += len;
		return 0;
	}
	b->piece[b->n_pieces++] = (struct iovec){.iov_base = (void *) p, .iov_len = len};
	/* never full: what a copy stands for could not be written in its place */
	return b->n_pieces == BATCH_PIECES_MAX ? batch_write(b, sink) : 0;
}

int batch_add(struct batch *b, struct sink *sink, const uint8_t *p, size_t len_bytes, bool stays)
{
	uint8_t *copy;
	int rc = 0;

	if (stays)
		return append(b, sink, p, len_bytes);
	if (len_bytes > BATCH_COPIES_BYTES - b->copies_bytes)
		rc = batch_write(b, sink);
	if (rc == 0 && len_bytes > BATCH_COPIES_BYTES) {
		struct iovec large = {.iov_base = (void *) p, .iov_len = len_bytes};

		return sink_write(sink, &large, 1);
	}
	if (rc == 0 && !b->copies) {
		b->copies = malloc(BATCH_COPIES_BYTES);
		rc = b->copies ? 0 : -ENOMEM;
	}
	if (rc < 0)
		return rc;
	copy = memcpy(b->copies + b->copies_bytes, p, len_bytes);
	b->copies_bytes += len_bytes;
	return append(b, sink, copy, len_bytes);
}

void batch_done(struct batch *b)
{
	free(b->copies);
	*b = (struct batch){0};
}
