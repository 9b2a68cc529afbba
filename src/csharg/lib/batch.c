/* SPDX-License-Identifier: MIT */
#include "csharg/lib/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "csharg/lib/blocks.h"

#define BLOCK_MIN 12
#define LENGTH_AT 4

/* Of the blocks in @piece, the first @done bytes were written: add those that are whole to @sum.
 * Returns the bytes of the last one that are too many. */
static uint64_t add_whole(const struct iovec *piece, size_t n, uint64_t done, struct batch_sum *sum)
{
	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = piece[i].iov_base, *end = p + piece[i].iov_len;

		while (end - p >= BLOCK_MIN) {
			size_t left = (size_t) (end - p), len = get_le32(p + LENGTH_AT);
			uint32_t type = get_le32(p);

			/* what both length fields say is the length in this byte order */
			if (len < BLOCK_MIN || len > left || get_le32(p + len - 4) != len) {
				len = __builtin_bswap32((uint32_t) len);
				type = __builtin_bswap32(type);
			}
			if (len < BLOCK_MIN || len > left || len > done)
				return done;
			sum->packets +=
				type == BLOCK_EPB || type == BLOCK_SPB || type == BLOCK_PACKET;
			sum->bytes += len;
			done -= len;
			p += len;
		}
	}
	return done;
}

/* Write @n pieces in which is @sum. */
static int write_pieces(struct batch *b, struct sink *sink, const struct iovec *piece, size_t n,
	struct batch_sum sum)
{
	struct iovec rest[BATCH_PIECES_MAX];
	uint64_t before = sink->written_bytes;
	int rc;

	memcpy(rest, piece, n * sizeof(*piece));
	rc = sink_write(sink, rest, n);
	if (rc == 0) {
		b->written.packets += sum.packets;
		b->written.bytes += sum.bytes;
	} else {
		sink_cut(sink, add_whole(piece, n, sink->written_bytes - before, &b->written));
	}
	return rc;
}

int batch_write(struct batch *b, struct sink *sink)
{
	struct batch_sum sum = b->waiting;
	size_t n = b->n_pieces;

	b->n_pieces = 0;
	b->copies_bytes = 0;
	b->waiting = (struct batch_sum){0};
	return n ? write_pieces(b, sink, b->piece, n, sum) : 0;
}

static int append(
	struct batch *b, struct sink *sink, const uint8_t *p, size_t len, uint64_t packets)
{
	struct iovec *last = b->piece + b->n_pieces - 1;

	b->waiting.packets += packets;
	b->waiting.bytes += len;
	if (b->n_pieces > 0 && p == (const uint8_t *) last->iov_base + last->iov_len) {
		last->iov_len += len;
		return 0;
	}
	b->piece[b->n_pieces++] = (struct iovec){.iov_base = (void *) p, .iov_len = len};
	/* never full: what a copy stands for could not be written in its place */
	return b->n_pieces == BATCH_PIECES_MAX ? batch_write(b, sink) : 0;
}

int batch_add(struct batch *b, struct sink *sink, const uint8_t *p, size_t len_bytes,
	uint64_t packets, bool stays)
{
	uint8_t *copy;
	int rc = 0;

	if (stays)
		return append(b, sink, p, len_bytes, packets);
	if (len_bytes > BATCH_COPIES_BYTES - b->copies_bytes)
		rc = batch_write(b, sink);
	if (rc == 0 && len_bytes > BATCH_COPIES_BYTES) {
		struct iovec large = {.iov_base = (void *) p, .iov_len = len_bytes};

		return write_pieces(b, sink, &large, 1, (struct batch_sum){packets, len_bytes});
	}
	if (rc == 0 && !b->copies) {
		b->copies = malloc(BATCH_COPIES_BYTES);
		rc = b->copies ? 0 : -ENOMEM;
	}
	if (rc < 0)
		return rc;
	copy = memcpy(b->copies + b->copies_bytes, p, len_bytes);
	b->copies_bytes += len_bytes;
	return append(b, sink, copy, len_bytes, packets);
}

void batch_done(struct batch *b)
{
	free(b->copies);
	*b = (struct batch){0};
}
