/* SPDX-License-Identifier: MIT */
#include "support/merge_model.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "pcapng/write.h"
#include "service/merge/merge.h"
#include "support/pcapng_read.h"

#define SOURCES_MAX    12
#define INTERFACES_MAX 6  /* of one source */
#define PIECE_MAX      64 /* packets of one source that wait */
#define BYTES_MAX      65536
#define MERGED_MAX     (SOURCES_MAX * INTERFACES_MAX * 64)
#define WINDOW_NS      20000000
#define LATENCY_NS     10000000
#define STEP_NS        1000000
#define OPT_DELIVERED  8
#define OPT_RECEIVED   4

struct waiting {
	uint64_t ts_ns;
	uint32_t interface;
};

struct source {
	struct model *model;
	uint32_t number; /* of all sources of the round */
	struct merge_source *merged;
	uint32_t n_interfaces, n_described;
	uint64_t captured[INTERFACES_MAX];
	struct waiting waiting[PIECE_MAX];
	uint32_t n_waiting;
	uint8_t piece[BYTES_MAX];
	size_t piece_bytes;
	bool has_begun, is_leaving, has_ended;
};

struct model {
	const struct model_draw *draw;
	struct merge *merge;
	int64_t now_ns;
	bool is_punctual;
	struct source *sources[SOURCES_MAX];
	uint32_t n_joined; /* in the round */
	/* what was read: by id in the merged stream */
	uint32_t owner[MERGED_MAX], interface_of[MERGED_MAX];
	uint64_t read[MERGED_MAX];
	uint32_t n_merged;
	bool has_shb;
	uint64_t newest_ts_ns, packets, late;
};

static uint32_t draw(struct model *m, uint32_t below)
{
	return m->draw->below(m->draw->ctx, below);
}

static void put(struct source *s, ssize_t n)
{
	assert(n > 0);
	s->piece_bytes += (size_t) n;
}

static uint8_t *at(struct source *s)
{
	return s->piece + s->piece_bytes;
}

static size_t left(const struct source *s)
{
	return sizeof(s->piece) - s->piece_bytes;
}

static void make_interface(struct source *s)
{
	struct pcapng_idb idb = {.linktype = 1, .snaplen = 262144, .name = "eth"};

	put(s, pcapng_put_idb(&idb, at(s), left(s)));
	s->n_described++;
}

/* The packet's data says whose it is. */
static void make_packet(struct source *s, const struct waiting *w)
{
	uint8_t data[8];
	struct pcapng_epb epb = {.interface = w->interface,
		.ts_ns = w->ts_ns,
		.caplen = sizeof(data),
		.len = sizeof(data)};

	put_le32(data, s->number);
	put_le32(data + 4, w->interface);
	assert(left(s) >= pcapng_epb_bytes(&epb));
	memcpy(at(s) + PCAPNG_EPB_DATA_AT, data, sizeof(data));
	pcapng_frame_epb(&epb, at(s));
	s->piece_bytes += pcapng_epb_bytes(&epb);
}

static void make_statistics(struct source *s)
{
	for (uint32_t i = 0; i < s->n_described; i++) {
		struct pcapng_isb isb = {.interface = i,
			.accepted = s->captured[i] + 3,
			.lost = 3,
			.delivered = s->captured[i]};

		put(s, pcapng_put_isb(&isb, at(s), left(s)));
	}
}

/* Make the next piece: everything there is. */
static void make_piece(struct source *s)
{
	struct pcapng_shb shb = {.application = "model"};

	s->piece_bytes = 0;
	if (!s->has_begun)
		put(s, pcapng_put_shb(&shb, at(s), left(s)));
	s->has_begun = true;
	while (s->n_described < s->n_interfaces)
		make_interface(s);
	for (uint32_t i = 0; i < s->n_waiting; i++)
		make_packet(s, &s->waiting[i]);
	s->n_waiting = 0;
	if (s->is_leaving && !s->has_ended)
		make_statistics(s);
	s->has_ended = s->is_leaving;
}

/* Has the oldest packet waited long enough, or is it time by chance? */
static bool hands_over(struct source *s)
{
	uint64_t age_ns = s->n_waiting ? (uint64_t) s->model->now_ns - s->waiting[0].ts_ns : 0;

	return s->is_leaving || !s->has_begun || age_ns >= LATENCY_NS ||
	       (s->n_waiting > 0 && draw(s->model, 8) == 0);
}

static int source_next(void *ctx, struct merge_piece *ret)
{
	struct source *s = ctx;

	if (s->piece_bytes == 0 && s->has_ended)
		return -1;
	if (s->piece_bytes == 0) {
		if (!hands_over(s))
			return 0;
		make_piece(s);
	}
	*ret = (struct merge_piece){s->piece, s->piece_bytes, NULL};
	return s->piece_bytes > 0 ? 1 : 0;
}

static void source_sent(void *ctx)
{
	struct source *s = ctx;

	/* the merge stage may not look at it again */
	memset(s->piece, 0xff, s->piece_bytes);
	s->piece_bytes = 0;
}

static void source_ended(void *ctx, int status)
{
	struct source *s = ctx;

	assert(status == 0 && s->has_ended);
	for (uint32_t i = 0; i < SOURCES_MAX; i++) {
		if (s->model->sources[i] == s)
			s->model->sources[i] = NULL;
	}
	free(s);
}

static const struct merge_source_ops source_ops = {source_next, source_sent, source_ended};

static void join(struct model *m)
{
	char prefix[16];
	struct merge_label label = {.prefix = prefix, .comment = "joined"};
	uint32_t slot = draw(m, SOURCES_MAX);
	struct source *s;

	if (m->sources[slot] || m->n_joined >= 64)
		return;
	s = calloc(1, sizeof(*s));
	assert(s);
	s->model = m;
	s->number = m->n_joined++;
	s->n_interfaces = 1;
	(void) snprintf(prefix, sizeof(prefix), "%" PRIu32 ":", s->number);
	assert(merge_add(m->merge, &source_ops, s, &label, &s->merged) == 0);
	m->sources[slot] = s;
}

static void capture_packet(struct model *m, struct source *s)
{
	struct waiting *w = &s->waiting[s->n_waiting];

	if (s->is_leaving || s->n_waiting == PIECE_MAX)
		return;
	w->ts_ns = (uint64_t) m->now_ns;
	/* a processor's clock is read before it gets its turn */
	if (s->n_waiting > 0 && draw(m, 16) == 0 && w[-1].ts_ns < w->ts_ns)
		w->ts_ns = w[-1].ts_ns;
	w->interface = draw(m, s->n_interfaces);
	s->captured[w->interface]++;
	s->n_waiting++;
}

/* --- the reader --- */

static void read_interface(struct model *m, const struct pcapng_block *b)
{
	uint16_t n;
	const uint8_t *name = pcapng_read_option(b, 2, &n);
	const uint8_t *comment = pcapng_read_option(b, 1, &n);
	uint32_t number, of = 0;

	assert(comment && n == strlen("joined") && memcmp(comment, "joined", n) == 0);
	name = pcapng_read_option(b, 2, &n);
	assert(name && n >= 5 && memcmp(name + n - 4, ":eth", 4) == 0);
	number = (uint32_t) strtoul((const char *) name, NULL, 10);
	assert(m->n_merged < MERGED_MAX);
	for (uint32_t i = 0; i < m->n_merged; i++)
		of += m->owner[i] == number;
	m->owner[m->n_merged] = number;
	m->interface_of[m->n_merged++] = of;
}

static void read_packet(struct model *m, const struct pcapng_block *b)
{
	uint32_t id = get_le32(b->fixed);
	uint64_t ts_ns = (uint64_t) get_le32(b->fixed + 4) << 32 | get_le32(b->fixed + 8);

	assert(id < m->n_merged && b->caplen == 8);
	assert(get_le32(b->data) == m->owner[id]);
	assert(get_le32(b->data + 4) == m->interface_of[id]);
	m->read[id]++;
	m->packets++;
	m->late += ts_ns < m->newest_ts_ns;
	if (ts_ns > m->newest_ts_ns)
		m->newest_ts_ns = ts_ns;
}

static void read_statistics(const struct model *m, const struct pcapng_block *b)
{
	uint32_t id = get_le32(b->fixed);
	uint16_t n;
	const uint8_t *delivered = pcapng_read_option(b, OPT_DELIVERED, &n);
	const uint8_t *received = pcapng_read_option(b, OPT_RECEIVED, &n);

	assert(id < m->n_merged && delivered && received);
	assert(get_le64(delivered) == m->read[id]);
	assert(get_le64(received) == m->read[id] + 3);
}

static void read_piece(struct model *m, const uint8_t *p, size_t len_bytes)
{
	while (len_bytes > 0) {
		struct pcapng_block b;
		ssize_t n = pcapng_read_block(p, len_bytes, &b);

		assert(n > 0);
		assert((b.type == PCAPNG_SHB) != m->has_shb);
		m->has_shb = true;
		if (b.type == PCAPNG_IDB)
			read_interface(m, &b);
		if (b.type == PCAPNG_EPB)
			read_packet(m, &b);
		if (b.type == PCAPNG_ISB)
			read_statistics(m, &b);
		p += n;
		len_bytes -= (size_t) n;
	}
}

/* Read what there is. Returns whether the merged stream has ended. */
static bool read_all(struct model *m)
{
	for (;;) {
		struct iovec piece;
		int64_t due_ns;
		int rc = merge_next(m->merge, m->now_ns, &piece, &due_ns);

		assert(rc >= -1 && rc <= 1);
		if (rc <= 0)
			return rc < 0;
		read_piece(m, piece.iov_base, piece.iov_len);
		merge_sent(m->merge);
	}
}

/* --- the round --- */

static void leave_all(struct model *m)
{
	for (uint32_t i = 0; i < SOURCES_MAX; i++) {
		struct source *s = m->sources[i];

		if (s) {
			s->is_leaving = true;
			merge_ready(s->merged);
		}
	}
}

static void pass_time(struct model *m)
{
	m->now_ns += STEP_NS;
	for (uint32_t i = 0; i < SOURCES_MAX; i++) {
		struct source *s = m->sources[i];

		if (s && (m->is_punctual || draw(m, 20) == 0))
			merge_ready(s->merged);
	}
}

static void step(struct model *m)
{
	struct source *s = m->sources[draw(m, SOURCES_MAX)];

	switch (draw(m, 8)) {
	case 0:
		pass_time(m);
		break;
	case 1:
		join(m);
		break;
	case 2:
		if (s && s->n_interfaces < INTERFACES_MAX)
			s->n_interfaces++;
		break;
	case 3:
		if (s && draw(m, 16) == 0) {
			s->is_leaving = true;
			merge_ready(s->merged);
		}
		break;
	default:
		if (s)
			capture_packet(m, s);
	}
	(void) read_all(m);
	if (merge_is_cut(m->merge))
		leave_all(m);
}

void merge_model_round(
	const struct model_draw *d, uint32_t steps, bool is_punctual, uint64_t max_packets)
{
	const struct merge_limits limits = {.packets = max_packets};
	struct model *m = calloc(1, sizeof(*m));
	uint8_t *shb = malloc(256);
	ssize_t n;

	assert(m && shb);
	n = pcapng_put_shb(&(struct pcapng_shb){.application = "merged"}, shb, 256);
	assert(n > 0);
	*m = (struct model){.draw = d, .now_ns = 1000000000, .is_punctual = is_punctual};
	m->merge = merge_new(shb, (size_t) n, WINDOW_NS, &limits);
	assert(m->merge);
	for (uint32_t i = 0; i < steps; i++)
		step(m);
	leave_all(m);
	merge_drain(m->merge);
	merge_seal(m->merge);
	assert(read_all(m));
	assert(merge_counters(m->merge)->packets == m->packets);
	assert(merge_counters(m->merge)->late == m->late);
	assert(!is_punctual || m->late == 0);
	assert(max_packets == 0 || m->packets <= max_packets);
	merge_free(m->merge);
	free(m);
}
