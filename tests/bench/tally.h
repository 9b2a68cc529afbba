/* SPDX-License-Identifier: MIT */
/* What a receiving side saw: packets, distinct sequence numbers, latency. The same code counts for
 * every pipeline, and costs it a few nanoseconds per packet. */
#ifndef BENCH_TALLY_H
#define BENCH_TALLY_H

#include <stddef.h>
#include <stdint.h>

/* Sequence numbers from here on are counted as packets, but not told apart. */
#define TALLY_SEQ_MAX (UINT64_C(1) << 27)

/* 64 buckets in each power of two of nanoseconds: a percentile is off by at most 1.6 %. */
#define TALLY_FINE_BITS 6
#define TALLY_BUCKETS   (64 << TALLY_FINE_BITS)

struct tally {
	uint64_t packets;  /* all */
	uint64_t numbered; /* those of bench-send */
	uint64_t distinct; /* different sequence numbers among them */
	uint64_t *seen;    /* TALLY_SEQ_MAX bits; the untouched part takes no memory */
	uint64_t latency[TALLY_BUCKETS];
};

/* Returns 0 or -ENOMEM. */
int tally_init(struct tally *t);

/* Count the frame at @frame, of which @len_bytes were captured, read at @now_ns (monotonic). */
void tally_packet(struct tally *t, const uint8_t *frame, size_t len_bytes, int64_t now_ns);

/* Nanoseconds within which the share @part (0..1) of the numbered packets arrived; 0 if none. */
uint64_t tally_latency_ns(const struct tally *t, double part);

/* Print the members of a JSON object for @t to stdout, without braces. */
void tally_print(const struct tally *t);

#endif
