/* SPDX-License-Identifier: MIT */
#include "tally.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

#include "numbered.h"

int tally_init(struct tally *t)
{
	void *bits = mmap(NULL, TALLY_SEQ_MAX / 8, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (bits == MAP_FAILED)
		return -ENOMEM;
	*t = (struct tally){.seen = bits};
	return 0;
}

static size_t bucket_of(uint64_t ns)
{
	unsigned int top;

	if (ns < 1 << TALLY_FINE_BITS)
		return (size_t) ns;
	top = 63 - (unsigned int) __builtin_clzll(ns);
	return ((size_t) (top - TALLY_FINE_BITS + 1) << TALLY_FINE_BITS) +
	       ((ns >> (top - TALLY_FINE_BITS)) & ((1 << TALLY_FINE_BITS) - 1));
}

static uint64_t bucket_floor_ns(size_t bucket)
{
	size_t octave = bucket >> TALLY_FINE_BITS;
	uint64_t fine = bucket & ((1 << TALLY_FINE_BITS) - 1);

	if (!octave)
		return fine;
	return (fine | 1 << TALLY_FINE_BITS) << (octave - 1);
}

static void mark_seen(struct tally *t, uint64_t seq)
{
	uint64_t bit = UINT64_C(1) << (seq % 64);

	if (seq >= TALLY_SEQ_MAX || t->seen[seq / 64] & bit)
		return;
	t->seen[seq / 64] |= bit;
	t->distinct++;
}

void tally_packet(struct tally *t, const uint8_t *frame, size_t len_bytes, int64_t now_ns)
{
	struct numbered n;

	t->packets++;
	if (!numbered_get(frame, len_bytes, &n))
		return;
	t->numbered++;
	mark_seen(t, n.seq);
	t->latency[bucket_of(now_ns > n.sent_ns ? (uint64_t) (now_ns - n.sent_ns) : 0)]++;
}

uint64_t tally_latency_ns(const struct tally *t, double part)
{
	uint64_t below = 0, wanted = (uint64_t) (part * (double) t->numbered);

	if (!t->numbered)
		return 0;
	for (size_t i = 0; i < TALLY_BUCKETS; i++) {
		below += t->latency[i];
		if (below > wanted)
			return bucket_floor_ns(i);
	}
	return bucket_floor_ns(TALLY_BUCKETS - 1);
}

void tally_print(const struct tally *t)
{
	printf("\"packets\": %" PRIu64 ", \"numbered\": %" PRIu64 ", \"distinct\": %" PRIu64
	       ", \"latency_p50_ns\": %" PRIu64 ", \"latency_p99_ns\": %" PRIu64,
		t->packets, t->numbered, t->distinct, tally_latency_ns(t, 0.5),
		tally_latency_ns(t, 0.99));
}
