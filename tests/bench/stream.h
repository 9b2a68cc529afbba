/* SPDX-License-Identifier: MIT */
/* An incremental pcapng reader that judges what a capture delivers. It knows nothing of the
 * product's own writer, and reads dumpcap's output with the same code. */
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tally.h"

#define STREAM_IFACES_MAX 64
#define STREAM_BLOCK_MAX  (1u << 20)

/* The last Interface Statistics Block of one interface; all ones where it had no such option. */
struct stream_stats {
	uint64_t received, dropped, accepted, os_dropped, delivered;
};

struct stream {
	struct tally *tally;
	bool started;           /* a Section Header Block came */
	uint32_t ifaces;        /* Interface Description Blocks */
	uint64_t stats_blocks;  /* Interface Statistics Blocks */
	uint64_t reported_lost; /* sum of epb_dropcount */
	struct stream_stats stats[STREAM_IFACES_MAX];
	uint8_t *rest; /* begin of a block that is not yet complete */
	size_t rest_bytes;
};

/* @tally is borrowed. Returns 0 or -ENOMEM. */
int stream_init(struct stream *s, struct tally *tally);
void stream_done(struct stream *s);

/* Read the next @len_bytes of the stream, which arrived at @now_ns.
 * Returns 0, or -EBADMSG when this is no pcapng in our byte order. */
int stream_feed(struct stream *s, const uint8_t *p, size_t len_bytes, int64_t now_ns);

/* Print the members of a JSON object for @s to stdout, without braces. */
void stream_print(const struct stream *s);

#endif
