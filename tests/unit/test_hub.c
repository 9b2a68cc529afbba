/* SPDX-License-Identifier: MIT */
/* One capture and its viewers, fed by a scripted reader: everything is delivered or told lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "base/own.h"
#include "pcapng/write.h"
#include "service/hub/budget.h"
#include "service/hub/capture.h"
#include "service/hub/follow.h"
#include "service/hub/idb_list.h"
#include "service/hub/names.h"
#include "service/hub/tally.h"
#include "service/hub/viewer.h"
#include "support/pcapng_read.h"

#define MAP_BYTES (STREAM_HEADER_BYTES + 2 * STREAM_MIN_BYTES)
#define MIB       (1024ULL * 1024)

static void ignore_wake(void *ctx)
{
	(void) ctx;
}

static const struct viewer_ops ops = {.wake = ignore_wake};

/* A capture whose reader we are. */
struct stage {
	struct capture *c;
	struct chunk_writer w;
	uint32_t first; /* pcapng id of its first interface; packets are of the second */
	uint64_t put;   /* packets written */
};

static void commit(struct stage *s, const struct chunk_info *info, const struct chunk_count *counts,
	const uint8_t *bytes)
{
	uint8_t *p;

	assert_int_equal(chunk_writer_reserve(&s->w, info->payload_len_bytes, &p), 0);
	if (info->payload_len_bytes)
		memcpy(p, bytes, info->payload_len_bytes);
	chunk_writer_commit(&s->w, info, counts);
}

static void put_interface(struct stage *s, const char *name)
{
	uint8_t idb[256];
	const struct pcapng_idb i = {.linktype = 1, .snaplen = 65535, .name = name};
	ssize_t n = pcapng_put_idb(&i, idb, sizeof(idb));

	commit(s, &(struct chunk_info){.kind = CHUNK_INTERFACE, .payload_len_bytes = (uint32_t) n},
		NULL, idb);
}

static void setup_from(struct stage *s, uint32_t first)
{
	const struct ns_ref ns = {.inode = 1, .kind = NS_REF_PROC, .pid = 1};
	struct capture_conf conf = {.filter = strdup(""), .first_interface = first};

	memset(s, 0, sizeof(*s));
	s->first = first;
	s->c = capture_new(1, &ns, &conf);
	assert_non_null(s->c);
	s->c->map =
		mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(s->c->map != MAP_FAILED);
	s->c->map_bytes = MAP_BYTES;
	s->c->space_fd = eventfd(0, EFD_NONBLOCK);
	s->c->state = CAPTURE_STARTING;
	assert_int_equal(chunk_reader_init(&s->c->in, s->c->map, MAP_BYTES), 0);
	assert_int_equal(chunk_writer_init(&s->w, s->c->map, MAP_BYTES), 0);
	put_interface(s, "lo");
	put_interface(s, "eth0");
}

static void put_ready(struct stage *s)
{
	commit(s, &(struct chunk_info){.kind = CHUNK_READY, .interfaces = s->first + 2}, NULL,
		NULL);
	assert_int_equal(capture_scan(s->c), 0);
}

static void setup(struct stage *s)
{
	setup_from(s, 0);
	put_ready(s);
}

/* A chunk of @n packets of the second interface, @lost of that interface lost before it. Returns
 * false when the stream is full. */
static bool put_packets(struct stage *s, uint32_t n, uint64_t lost)
{
	const struct pcapng_epb epb = {.interface = s->first + 1, .caplen = 1400, .len = 1400};
	size_t each = pcapng_epb_bytes(&epb);
	const struct chunk_count count = {s->first + 1, n};
	const struct chunk_info info = {.kind = CHUNK_PACKETS,
		.n_counts = n > 0,
		.payload_len_bytes = (uint32_t) (n * each) + (n && lost ? 12 : 0),
		.packets = n,
		.interfaces = s->first + 2,
		.lost = lost,
		.lost_interface = s->first + 1};
	uint8_t *p;

	if (chunk_writer_reserve(&s->w, info.payload_len_bytes, &p) < 0)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct pcapng_epb e = epb;

		e.dropcount = i == 0 ? lost : 0;
		memset(p + PCAPNG_EPB_DATA_AT, 0, epb.caplen);
		pcapng_frame_epb(&e, p);
		p += pcapng_epb_bytes(&e);
	}
	chunk_writer_commit(&s->w, &info, &count);
	s->put += n;
	return true;
}

static void put_end(struct stage *s)
{
	commit(s, &(struct chunk_info){.kind = CHUNK_END, .interfaces = s->first + 2}, NULL, NULL);
	assert_int_equal(capture_scan(s->c), 0);
}

static void join(struct stage *s, struct viewer *v)
{
	memset(v, 0, sizeof(*v));
	viewer_init(v, &ops, NULL);
	v->seat = viewer_seat(v, s->c, SEAT_NEWEST);
	assert_non_null(v->seat);
}

/* What came out of one viewer. */
struct seen {
	uint64_t idbs, packets, dropped, isbs;
	/* of the newest statistics of each interface: ids 1 and 3 are the second ones */
	struct row {
		uint64_t accepted, delivered, lost, lost_ring;
	} rows[4];
	uint32_t last_interface; /* of a packet */
};

static uint64_t count_of(const struct pcapng_block *b, uint16_t code)
{
	uint16_t len;
	const uint8_t *v = pcapng_read_option(b, code, &len);

	return v && len == 8 ? get_le64(v) : 0;
}

static void see_statistics(struct seen *s, const struct pcapng_block *b)
{
	uint32_t interface = get_le32(b->fixed);
	struct row *r = &s->rows[interface];

	assert_true(interface < s->idbs);
	assert_true(interface < ARRAY_LEN(s->rows));
	s->isbs += interface == 1;
	*r = (struct row){.accepted = count_of(b, 4),
		.lost = count_of(b, 5),
		.lost_ring = count_of(b, 7),
		.delivered = count_of(b, 8)};
	assert_true(r->accepted == count_of(b, 6));
	assert_true(r->accepted == r->delivered + r->lost);
}

static void see(struct seen *s, const struct piece *p)
{
	assert_true(p->len_bytes > 0); /* a chunk of nothing ends a stream of HTTP */
	for (size_t at = 0; at < p->len_bytes;) {
		struct pcapng_block b;
		ssize_t n = pcapng_read_block(p->bytes + at, p->len_bytes - at, &b);

		assert_true(n > 0);
		at += (size_t) n;
		s->idbs += b.type == PCAPNG_IDB;
		if (b.type == PCAPNG_EPB) {
			s->packets++;
			s->dropped += count_of(&b, 4);
			s->last_interface = get_le32(b.fixed);
			assert_true(s->last_interface < s->idbs);
		}
		if (b.type == PCAPNG_ISB)
			see_statistics(s, &b);
	}
}

/* Take at most @pieces. Returns the last state. */
static int take(struct viewer *v, struct seen *s, int pieces)
{
	int state = VIEWER_PIECE;

	while (pieces-- > 0 && state == VIEWER_PIECE) {
		struct piece p;

		state = viewer_next(v, 1000, &p);
		assert_true(state >= 0);
		if (state == VIEWER_PIECE) {
			see(s, &p);
			viewer_sent(v, 0);
		}
	}
	return state;
}

static void teardown(struct stage *s)
{
	while (s->c->seats.first) {
		struct viewer *v = s->c->seats.first->viewer;

		capture_unseat(s->c->seats.first);
		viewer_done(v);
	}
	capture_free(s->c);
}

static void a_viewer_gets_interfaces_then_packets_then_statistics(void **state)
{
	struct stage s;
	struct viewer v;
	struct seen seen = {0};

	(void) state;
	setup(&s);
	join(&s, &v);
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	assert_true(seen.idbs == 2 && seen.packets == 0);
	for (int i = 0; i < 10; i++)
		assert_true(put_packets(&s, 3, 0));
	assert_int_equal(capture_scan(s.c), 0);
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	put_end(&s);
	assert_int_equal(take(&v, &seen, 100), VIEWER_END);
	assert_true(seen.packets == 30 && seen.isbs == 1 && seen.rows[1].delivered == 30 &&
		    seen.rows[1].lost == 0);
	teardown(&s);
}

/* A client that ends its capture gets final statistics of what was sent, not of what was not. */
static void a_viewer_that_leaves_gets_statistics_of_what_was_sent(void **state)
{
	struct stage s;
	struct viewer v, late;
	struct seen seen = {0}, nothing = {0};

	(void) state;
	setup(&s);
	join(&s, &v);
	join(&s, &late);
	assert_true(put_packets(&s, 3, 0));
	assert_true(put_packets(&s, 2, 7));
	assert_true(put_packets(&s, 0, 5)); /* no packet follows that would report it */
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	viewer_leave(&v);
	assert_true(put_packets(&s, 2, 0));
	assert_int_equal(take(&v, &seen, 100), VIEWER_END);
	assert_int_equal(seen.isbs, 1);
	assert_int_equal(seen.rows[1].delivered, seen.packets);
	assert_int_equal(seen.rows[1].lost, 12);
	assert_int_equal(seen.rows[1].lost_ring, 12);
	/* without a section header there is nothing to put statistics behind */
	viewer_leave(&late);
	assert_int_equal(take(&late, &nothing, 100), VIEWER_END);
	assert_true(nothing.idbs == 0 && nothing.isbs == 0);
	teardown(&s);
}

static void an_interface_that_comes_later_comes_before_its_packets(void **state)
{
	struct stage s;
	struct viewer v;
	struct seen seen = {0};

	(void) state;
	setup(&s);
	join(&s, &v);
	(void) take(&v, &seen, 100);
	put_interface(&s, "late");
	commit(&s, &(struct chunk_info){.kind = CHUNK_PACKETS, .interfaces = 3}, NULL, NULL);
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	assert_int_equal(seen.idbs, 3);
	teardown(&s);
}

static void losses_of_the_kernel_are_told_also_without_a_packet_behind(void **state)
{
	struct stage s;
	struct viewer v;
	struct seen seen = {0};

	(void) state;
	setup(&s);
	join(&s, &v);
	(void) take(&v, &seen, 100);
	assert_true(put_packets(&s, 2, 5) && put_packets(&s, 0, 7) && put_packets(&s, 1, 0) &&
		    put_packets(&s, 0, 9));
	put_end(&s);
	assert_int_equal(take(&v, &seen, 100), VIEWER_END);
	assert_true(seen.packets == 3 && seen.dropped == 12);
	assert_true(seen.rows[1].delivered == 3 && seen.rows[1].lost == 21 &&
		    seen.rows[1].lost_ring == 21);
	teardown(&s);
}

static void a_slow_viewer_loses_whole_chunks_and_slows_nobody(void **state)
{
	struct stage s;
	struct viewer slow, fast;
	struct seen by_slow = {0}, by_fast = {0};

	(void) state;
	setup(&s);
	join(&s, &slow);
	join(&s, &fast);
	(void) take(&slow, &by_slow, 3);
	for (int i = 0; i < 2000; i++) {
		assert_true(put_packets(&s, 7, i % 100 == 0));
		assert_int_equal(capture_scan(s.c), 0);
		(void) take(&fast, &by_fast, 100);
		if (i % 50 == 0)
			(void) take(&slow, &by_slow, 1);
		capture_reclaim(s.c);
	}
	put_end(&s);
	assert_int_equal(take(&fast, &by_fast, 100), VIEWER_END);
	assert_int_equal(take(&slow, &by_slow, 100000), VIEWER_END);
	assert_true(by_fast.packets == s.put && by_fast.rows[1].delivered == s.put &&
		    by_fast.rows[1].lost == 20);
	assert_true(by_slow.packets < s.put && by_slow.packets == by_slow.rows[1].delivered);
	assert_true(by_slow.rows[1].accepted == s.put + 20 &&
		    by_slow.rows[1].lost == by_slow.rows[1].accepted - by_slow.packets);
	assert_int_equal(by_slow.rows[1].lost_ring, 20);
	assert_true(by_slow.isbs == 1 && by_fast.isbs == 1);
	/* whatever was lost before the last packet that came was told by the packets */
	assert_true(by_slow.dropped > 0 && by_slow.dropped <= by_slow.rows[1].lost);
	teardown(&s);
}

/* Chunks until the stream is full, behind a jump to its start for which both viewers had to have
 * taken everything. */
static void start_over_and_fill(
	struct stage *s, struct viewer *a, struct viewer *b, struct seen *by_a, struct seen *by_b)
{
	uint64_t size = MAP_BYTES - STREAM_HEADER_BYTES, start;

	while (s->w.head <= size / 4) {
		assert_true(put_packets(s, 40, 0));
		assert_int_equal(capture_scan(s->c), 0);
		(void) take(a, by_a, 100);
		(void) take(b, by_b, 100);
		capture_reclaim(s->c);
	}
	assert_true(put_packets(s, 40, 0));
	start = s->w.head;
	assert_true(start > size);
	/* neither has taken a piece from behind the jump, but it holds no room any more */
	assert_int_equal(capture_scan(s->c), 0);
	capture_reclaim(s->c);
	while (put_packets(s, 40, 0))
		;
	assert_true(s->w.head - start > size / 8 * 7);
	assert_int_equal(capture_scan(s->c), 0);
}

/* Of two viewers the one whose turn is later is not a slow one. */
static void a_viewer_whose_turn_is_later_loses_nothing(void **state)
{
	struct stage s;
	struct viewer first, second;
	struct seen by_first = {0}, by_second = {0};

	(void) state;
	setup(&s);
	join(&s, &first);
	join(&s, &second);
	start_over_and_fill(&s, &first, &second, &by_first, &by_second);
	assert_true(chunk_writer_must_wait(&s.w, 65000));
	for (int i = 0; i < 100; i++) {
		(void) take(&first, &by_first, 1);
		capture_reclaim(s.c);
		(void) take(&second, &by_second, 1);
		capture_reclaim(s.c);
	}
	put_end(&s);
	assert_int_equal(take(&first, &by_first, 100), VIEWER_END);
	assert_int_equal(take(&second, &by_second, 100), VIEWER_END);
	assert_true(by_first.packets == s.put && by_first.rows[1].lost == 0);
	assert_true(by_second.packets == s.put && by_second.rows[1].lost == 0);
	teardown(&s);
}

static void a_viewer_that_takes_nothing_does_not_keep_the_writer_waiting(void **state)
{
	struct stage s;
	struct viewer fast, stuck;
	struct seen by_fast = {0}, by_stuck = {0};

	(void) state;
	setup(&s);
	join(&s, &fast);
	join(&s, &stuck);
	start_over_and_fill(&s, &fast, &stuck, &by_fast, &by_stuck);
	assert_true(chunk_writer_must_wait(&s.w, 65000));
	assert_int_equal(take(&fast, &by_fast, 100), VIEWER_WAIT);
	capture_reclaim(s.c);
	assert_true(put_packets(&s, 40, 0));
	put_end(&s);
	assert_int_equal(take(&fast, &by_fast, 100), VIEWER_END);
	assert_int_equal(take(&stuck, &by_stuck, 100), VIEWER_END);
	assert_true(by_fast.packets == s.put && by_fast.rows[1].lost == 0);
	assert_true(by_stuck.rows[1].lost > 0 && by_stuck.packets + by_stuck.rows[1].lost == s.put);
	teardown(&s);
}

static void a_late_viewer_counts_from_when_it_joined(void **state)
{
	struct stage s;
	struct viewer v;
	struct seen seen = {0};

	(void) state;
	setup(&s);
	assert_true(put_packets(&s, 9, 3));
	assert_int_equal(capture_scan(s.c), 0);
	join(&s, &v);
	assert_true(put_packets(&s, 4, 0));
	put_end(&s);
	assert_int_equal(take(&v, &seen, 100), VIEWER_END);
	assert_true(seen.idbs == 2 && seen.rows[1].accepted == 4 && seen.packets == 4);
	teardown(&s);
}

static void nonsense_of_the_reader_ends_the_capture(void **state)
{
	static const uint64_t head = 1ULL << 40;
	struct stage s;

	(void) state;
	setup(&s);
	memcpy(s.c->map, &head, sizeof(head));
	assert_int_equal(capture_scan(s.c), -EBADMSG);
	assert_int_equal(s.c->state, CAPTURE_ENDED);
	assert_string_equal(s.c->end.text, "capture process failed");
	teardown(&s);
}

static void a_capture_that_ended_is_not_brought_back_by_its_reader(void **state)
{
	struct stage s;

	(void) state;
	setup(&s);
	s.c->state = CAPTURE_ENDED; /* its last viewer left before the reader was ready */
	commit(&s, &(struct chunk_info){.kind = CHUNK_READY, .interfaces = 2}, NULL, NULL);
	assert_int_equal(capture_scan(s.c), 0);
	assert_int_equal(s.c->state, CAPTURE_ENDED);
	teardown(&s);
}

static void a_viewer_too_slow_for_an_interface_hears_of_it_before_its_losses(void **state)
{
	const struct chunk_count count = {2, 5};
	const uint8_t packets[5 * 32] = {0};
	const struct chunk_info info = {.kind = CHUNK_PACKETS,
		.n_counts = 1,
		.packets = 5,
		.payload_len_bytes = sizeof(packets),
		.interfaces = 3};
	struct stage s;
	struct viewer v;
	struct seen seen = {0};
	struct chunk c;

	(void) state;
	setup(&s);
	join(&s, &v);
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	put_interface(&s, "late");
	commit(&s, &info, &count, packets);
	assert_int_equal(capture_scan(s.c), 0);
	for (uint64_t at = v.seat->pos; at < s.c->scan_pos; at = c.next) {
		assert_int_equal(chunk_reader_next(&s.c->in, at, &c), 1);
		assert_int_equal(seat_pass(v.seat, &c, false), 0);
	}
	v.stats_due = true;
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	assert_int_equal(seen.isbs, 0);
	put_end(&s);
	assert_int_equal(take(&v, &seen, 100), VIEWER_END);
	assert_true(seen.idbs == 3 && seen.rows[2].lost == 5);
	teardown(&s);
}

static void an_interface_that_comes_up_in_a_quiet_capture_is_described_at_once(void **state)
{
	struct stage s;
	struct viewer v;
	struct seen seen = {0};

	(void) state;
	setup(&s);
	join(&s, &v);
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	put_interface(&s, "late");
	assert_int_equal(capture_scan(s.c), 0);
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	assert_int_equal(seen.idbs, 3);
	teardown(&s);
}

/* @lost packets before @n packets of @interface. */
static void put_of(struct stage *s, uint32_t interface, uint32_t n, uint64_t lost)
{
	const struct pcapng_epb epb = {.interface = interface, .dropcount = lost};
	const struct chunk_count count = {interface, n};
	struct chunk_info info = {.kind = CHUNK_PACKETS,
		.n_counts = n > 0,
		.packets = n,
		.interfaces = 2,
		.lost = lost,
		.lost_interface = interface};
	uint8_t bytes[64];

	assert_true(n <= 1);
	if (n > 0) {
		pcapng_frame_epb(&epb, bytes);
		info.payload_len_bytes = (uint32_t) pcapng_epb_bytes(&epb);
	}
	commit(s, &info, &count, bytes);
	assert_int_equal(capture_scan(s->c), 0);
}

static void losses_without_a_packet_count_where_the_next_drop_count_is(void **state)
{
	struct stage s;
	struct viewer v;
	struct seen seen = {0};

	(void) state;
	setup(&s);
	join(&s, &v);
	put_of(&s, 0, 1, 0);
	put_of(&s, 0, 0, 7);
	put_of(&s, 1, 1, 2);
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	assert_true(seen.packets == 2 && seen.dropped == 9 && seen.last_interface == 1);
	put_of(&s, 0, 0, 4); /* nothing follows: the interface of the packet before */
	put_end(&s);
	assert_int_equal(take(&v, &seen, 100), VIEWER_END);
	assert_true(seen.rows[0].lost == 0 && seen.rows[0].delivered == 1);
	assert_true(seen.rows[1].lost_ring == 13 && seen.rows[1].delivered == 1);
	teardown(&s);
}

static void live_statistics_come_once_a_second_while_something_changes(void **state)
{
	struct stage s;
	struct viewer v;
	struct seen seen = {0};

	(void) state;
	setup(&s);
	join(&s, &v);
	put_of(&s, 1, 1, 0);
	put_of(&s, 0, 0, 3);
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	assert_false(viewer_tick(&v));
	v.wants_live_statistics = true;
	assert_true(viewer_tick(&v));
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	assert_true(seen.isbs == 1 && seen.rows[1].accepted == 4 && seen.rows[1].lost == 3);
	assert_false(viewer_tick(&v));
	teardown(&s);
}

/* Interfaces without end: their number and their bytes have a bound, and so has a piece. */
static void what_a_reader_reports_of_interfaces_is_bounded(void **state)
{
	static uint8_t block[STREAM_INTERFACE_BYTES];
	struct idb_list l = {0};
	size_t n = 0, len;

	(void) state;
	while (idb_list_add(&l, block, sizeof(block)) == 0)
		n++;
	assert_int_equal(n, IDB_LIST_BYTES_MAX / sizeof(block));
	assert_true(l.cap_bytes <= 2 * IDB_LIST_BYTES_MAX);
	n = idb_list_fit(&l, 0, l.n);
	(void) idb_list_range(&l, 0, (uint32_t) n, &len);
	assert_true(len <= IDB_RANGE_BYTES && len + sizeof(block) > IDB_RANGE_BYTES);
	assert_int_equal(idb_list_fit(&l, l.n, l.n), 0);
	idb_list_done(&l);
	for (n = 0; idb_list_add(&l, block, 4) == 0;)
		n++;
	assert_int_equal(n, STREAM_INTERFACES_MAX);
	idb_list_done(&l);
}

static void chunks_that_say_the_impossible_end_the_capture(void **state)
{
	static const struct chunk_info rows[] = {
		/* more interfaces than were described, or than there can be */
		{.kind = CHUNK_PACKETS, .interfaces = 3},
		{.kind = CHUNK_PACKETS, .interfaces = UINT32_MAX},
		{.kind = CHUNK_INTERFACE, .interfaces = STREAM_INTERFACES_MAX + 1},
		/* packets without bytes */
		{.kind = CHUNK_PACKETS, .interfaces = 2, .packets = 1, .n_counts = 1},
		/* more bytes than such a chunk has */
		{.kind = CHUNK_INTERFACE, .payload_len_bytes = STREAM_INTERFACE_BYTES + 1},
		{.kind = CHUNK_READY, .payload_len_bytes = 1},
		{.kind = CHUNK_END, .payload_len_bytes = STREAM_REASON_BYTES + 1},
		{.kind = CHUNK_END + 1},
	};
	static const uint8_t bytes[STREAM_INTERFACE_BYTES + 1];
	static const struct chunk_count count = {1, 1};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct stage s;

		setup(&s);
		commit(&s, &rows[i], &count, bytes);
		assert_int_equal(capture_scan(s.c), -EBADMSG);
		assert_int_equal(s.c->state, CAPTURE_ENDED);
		teardown(&s);
	}
}

static void nothing_is_read_behind_the_end(void **state)
{
	struct stage s;

	(void) state;
	setup(&s);
	put_end(&s);
	put_interface(&s, "late");
	assert_int_equal(capture_scan(s.c), 0);
	assert_int_equal(s.c->idbs.n, 2);
	teardown(&s);
}

static void names_that_are_gone_again_are_no_news(void **state)
{
	struct catalog_name one = {4, {192, 0, 2, 1}, 1, 0, 0, "web"};
	const struct catalog with = {.n_names = 1, .names = &one}, without = {.n_names = 0};
	struct stage s;
	struct viewer v;
	struct seen seen = {0};
	struct piece p;

	(void) state;
	setup(&s);
	join(&s, &v);
	v.wants_names = true;
	assert_int_equal(names_update(&s.c->names, &with, 1), 1);
	assert_int_equal(names_update(&s.c->names, &without, 1), 0);
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	assert_int_equal(names_update(&s.c->names, &with, 1), 1);
	assert_int_equal(viewer_next(&v, 1000, &p), VIEWER_PIECE);
	assert_int_equal(get_le32(p.bytes), 4); /* a Name Resolution Block */
	teardown(&s);
}

/* --- going on in another namespace --- */

static struct follow *follow_web(void)
{
	struct follow *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->name = strdup("web");
	f->prefix = strdup("");
	f->type = strdup("docker");
	return f;
}

/* @successor continues @s for @v. */
static void setup_successor(struct stage *s, struct stage *successor, struct viewer *v)
{
	setup_from(successor, 2);
	assert_int_equal(idb_list_add_all(&successor->c->idbs, &s->c->idbs), 0);
	v->successor = viewer_seat(v, successor->c, SEAT_OLDEST);
	assert_non_null(v->successor);
	assert_null(viewer_seat(v, successor->c, SEAT_OLDEST));
}

static void put_target_gone(struct stage *s)
{
	s->c->is_target_gone = true;
	put_end(s);
}

static void a_viewer_goes_on_where_its_target_comes_back(void **state)
{
	struct stage s, successor;
	struct viewer v;
	struct seen seen = {0};

	(void) state;
	setup(&s);
	join(&s, &v);
	v.follow = follow_web();
	assert_true(put_packets(&s, 5, 1));
	put_target_gone(&s);
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	assert_true(viewer_waits(&v) && seen.packets == 5 && seen.isbs == 0);
	setup_successor(&s, &successor, &v);
	assert_true(!viewer_waits(&v));
	/* nothing to send before all of its first interfaces are known */
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	put_ready(&successor);
	assert_int_equal(take(&v, &seen, 100), VIEWER_MOVE);
	capture_unseat(viewer_move(&v));
	assert_true(put_packets(&successor, 7, 2));
	put_end(&successor);
	assert_int_equal(take(&v, &seen, 100), VIEWER_END);
	assert_true(seen.idbs == 4 && seen.packets == 12 && seen.last_interface == 3);
	assert_true(seen.rows[1].accepted == 6 && seen.rows[3].accepted == 9 &&
		    seen.rows[3].lost_ring == 2 && seen.dropped == 3);
	teardown(&successor);
	teardown(&s);
}

static void what_a_slow_viewer_misses_of_the_successor_is_told_lost(void **state)
{
	struct stage s, successor;
	struct viewer v;
	struct seen seen = {0};

	(void) state;
	setup(&s);
	join(&s, &v);
	v.follow = follow_web();
	assert_true(put_packets(&s, 5, 0));
	put_target_gone(&s);
	setup_successor(&s, &successor, &v);
	put_ready(&successor);
	/* it takes nothing, while the successor's stream fills again and again */
	for (int i = 0; i < 1000; i++) {
		struct viewer fast;
		struct seen by_fast = {0};

		join(&successor, &fast);
		assert_true(put_packets(&successor, 9, 0));
		assert_int_equal(capture_scan(successor.c), 0);
		(void) take(&fast, &by_fast, 100);
		capture_reclaim(successor.c);
		/* statistics of interfaces it has not been told of must wait */
		if (i == 900) {
			v.stats_due = true;
			assert_int_equal(take(&v, &seen, 2), VIEWER_PIECE);
		}
		viewer_done(&fast);
		capture_unseat(fast.seat);
	}
	put_end(&successor);
	assert_int_equal(take(&v, &seen, 100), VIEWER_MOVE);
	capture_unseat(viewer_move(&v));
	assert_int_equal(take(&v, &seen, 100000), VIEWER_END);
	assert_true(seen.rows[1].delivered == 5 && seen.rows[3].accepted == successor.put);
	assert_true(seen.rows[3].lost > 0 && seen.packets == 5 + seen.rows[3].delivered);
	assert_true(seen.dropped == seen.rows[3].lost);
	teardown(&successor);
	teardown(&s);
}

static void a_viewer_leaves_a_capture_that_goes_on_without_its_target(void **state)
{
	struct stage s, successor;
	struct viewer v, other;
	struct seen seen = {0}, by_other = {0};

	(void) state;
	setup(&s);
	join(&s, &v);
	join(&s, &other);
	v.follow = follow_web();
	assert_true(put_packets(&s, 5, 0));
	assert_int_equal(capture_scan(s.c), 0);
	v.seat->leave_at = s.c->scan_pos;
	assert_true(put_packets(&s, 5, 0));
	setup_successor(&s, &successor, &v);
	put_ready(&successor);
	assert_int_equal(take(&v, &seen, 100), VIEWER_MOVE);
	capture_unseat(viewer_move(&v));
	put_end(&successor);
	put_end(&s);
	assert_int_equal(take(&v, &seen, 100), VIEWER_END);
	assert_int_equal(take(&other, &by_other, 100), VIEWER_END);
	assert_true(seen.rows[1].accepted == 5 && by_other.rows[1].accepted == 10);
	teardown(&successor);
	teardown(&s);
}

static void interfaces_that_come_after_leaving_are_not_told(void **state)
{
	struct stage s, successor;
	struct viewer v;
	struct seen seen = {0};

	(void) state;
	setup(&s);
	join(&s, &v);
	v.follow = follow_web();
	assert_true(put_packets(&s, 5, 0));
	assert_int_equal(capture_scan(s.c), 0);
	v.seat->leave_at = s.c->scan_pos;
	setup_successor(&s, &successor, &v);
	put_ready(&successor);
	put_interface(&s, "late");
	assert_int_equal(capture_scan(s.c), 0);
	assert_int_equal(take(&v, &seen, 100), VIEWER_MOVE);
	assert_true(seen.idbs == 2 && seen.packets == 5);
	capture_unseat(viewer_move(&v));
	assert_true(put_packets(&successor, 3, 0));
	put_end(&successor);
	assert_int_equal(take(&v, &seen, 100), VIEWER_END);
	assert_true(seen.idbs == 4 && seen.rows[3].delivered == 3);
	teardown(&successor);
	teardown(&s);
}

static void a_successor_without_interfaces_has_none_to_tell(void **state)
{
	struct stage s, successor;
	struct viewer v;
	struct seen seen = {0};
	int rc = 0;

	(void) state;
	setup(&s);
	join(&s, &v);
	v.follow = follow_web();
	put_target_gone(&s);
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	setup_successor(&s, &successor, &v);
	successor.c->scan_pos = v.successor->pos = chunk_reader_head(&successor.c->in, &rc);
	commit(&successor, &(struct chunk_info){.kind = CHUNK_READY, .interfaces = 2}, NULL, NULL);
	assert_int_equal(capture_scan(successor.c), 0);
	assert_int_equal(take(&v, &seen, 100), VIEWER_MOVE);
	capture_unseat(viewer_move(&v));
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	teardown(&successor);
	teardown(&s);
}

static void a_viewer_that_waited_enough_ends(void **state)
{
	struct stage s;
	struct viewer v;
	struct seen seen = {0};

	(void) state;
	setup(&s);
	join(&s, &v);
	v.follow = follow_web();
	put_target_gone(&s);
	assert_int_equal(take(&v, &seen, 100), VIEWER_WAIT);
	v.has_waited_enough = true;
	assert_int_equal(take(&v, &seen, 100), VIEWER_END);
	assert_int_equal(seen.isbs, 1);
	teardown(&s);
}

static void a_target_is_followed_only_where_it_surely_is(void **state)
{
	struct catalog_link eth0 = {.ifindex = 2, .name = "eth0"};
	struct catalog_netns netns[] = {
		{.ref.inode = 10, .n_links = 1, .links = &eth0},
		{.ref.inode = 20, .n_links = 1, .links = &eth0},
		{.ref.inode = 30},
	};
	struct catalog_target targets[] = {
		{"db", "docker", "", 10, 1, 1},
		{"web", "podman", "", 20, 1, 1},
		{"web", "docker", "inner", 20, 1, 1},
		{"web", "docker", "", 10, 1, 1},
		{"sh(7)", "proc", "", 10, 7, 9},
	};
	const struct catalog cat = {
		.n_netns = 3, .n_targets = 5, .netns = netns, .targets = targets};
	char names[1][CONF_NAME_MAX] = {"eth0"};
	const struct capture_conf all = {0}, one = {.n_names = 1, .names = names};
	struct follow *f = follow_new(&cat, "web", "", 10, 1);
	struct follow_from from = {.inode = 10, .conf = &all};

	(void) state;
	assert_null(follow_new(&cat, "sh(7)", "", 10, 1));
	assert_non_null(f);
	assert_null(follow_find(f, &cat, &from)); /* still there */
	targets[3].netns_inode = 20;
	from.conf = &one;
	assert_ptr_equal(follow_find(f, &cat, &from), &netns[1]);
	targets[3].netns_inode = 30; /* its interface is not there yet */
	assert_null(follow_find(f, &cat, &from));
	from.conf = &all;
	assert_ptr_equal(follow_find(f, &cat, &from), &netns[2]);
	/* a namespace with the same inode is another one when the former is gone and its process
	 * is another one */
	targets[3].netns_inode = 10;
	from.is_gone = true;
	assert_null(follow_find(f, &cat, &from));
	targets[3].starttime_ticks = 2;
	assert_ptr_equal(follow_find(f, &cat, &from), &netns[0]);
	follow_update(f, &cat, 10);
	assert_null(follow_find(f, &cat, &from));
	/* nobody is led to where the host's processes are */
	targets[3].starttime_ticks = 3;
	assert_ptr_equal(follow_find(f, &cat, &from), &netns[0]);
	targets[3].starttime_ticks = 4;
	targets[4].starttime_ticks = 3;
	assert_null(follow_find(f, &cat, &from));
	follow_free(f);
}

/* The records of the block for everything newer than @since, as text. */
static const char *told(const struct names *n, uint64_t since)
{
	static char text[512];
	uint8_t out[512];
	size_t cap = names_bytes(n, since);
	ssize_t len;

	text[0] = '\0';
	if (cap == 0)
		return text;
	assert_true(cap <= sizeof(out));
	len = names_put(n, since, out, cap);
	assert_true(len > 0);
	for (size_t at = 8; get_le16(out + at) != 0;) {
		size_t addr = get_le16(out + at) == 1 ? 4 : 16, end = get_le16(out + at + 2);

		(void) snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"%u:", out[at + 4 + addr - 1]);
		for (size_t i = addr; i < end; i += strlen((char *) out + at + 4 + i) + 1)
			(void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s,",
				(char *) out + at + 4 + i);
		at += 4 + (end + 3) / 4 * 4;
	}
	return text;
}

static void names_are_those_of_the_captured_namespace_and_only_news_is_told(void **state)
{
	struct catalog_name list[] = {
		{4, {192, 0, 2, 1}, 5, 100, 1, "web"},
		{4, {192, 0, 2, 1}, 5, 100, 1, "web.shop"},
		{4, {192, 0, 2, 2}, 5, 100, 1, "here"},
		{4, {192, 0, 2, 2}, 6, 100, 1, "there"},
		{4, {192, 0, 2, 3}, 6, 100, 1, "same engine"},
		{4, {192, 0, 2, 3}, 7, 200, 5, "other engine"},
		{4, {192, 0, 2, 4}, 7, 200, 5, "one"},
		{4, {192, 0, 2, 4}, 8, 200, 5, "another"},
		{6, {0x20, 1, [15] = 5}, 6, 0, 0, "six"},
	};
	struct catalog cat = {.n_names = ARRAY_LEN(list), .names = list};
	struct names n = {0};

	(void) state;
	assert_int_equal(names_bytes(&n, 0), 0);
	assert_int_equal(names_update(&n, &cat, 5), 1);
	assert_string_equal(told(&n, 0), "1:web.shop,web,2:here,3:same engine,5:six,");
	assert_int_equal(names_update(&n, &cat, 5), 0);
	assert_string_equal(told(&n, 1), "");
	list[8].name[1] = 'o';
	assert_int_equal(names_update(&n, &cat, 5), 1);
	assert_string_equal(told(&n, 1), "5:sox,");
	assert_string_equal(told(&n, 0), "1:web.shop,web,2:here,3:same engine,5:sox,");
	cat.n_names = 2; /* what is gone needs no word, what comes back does */
	assert_int_equal(names_update(&n, &cat, 5), 0);
	cat.n_names = ARRAY_LEN(list);
	/* in the namespace of an engine its containers are meant */
	list[3].engine_netns_inode = 9;
	assert_int_equal(names_update(&n, &cat, 9), 1);
	assert_string_equal(told(&n, 2), "2:there,5:sox,");
	names_done(&n);
}

static void statistics_that_do_not_fit_come_next_time(void **state)
{
	struct tally t = {0};
	uint8_t out[TALLY_ISB_BYTES * 2];
	struct chunk c = {
		.info = {.kind = CHUNK_PACKETS, .n_counts = 3, .packets = 3, .interfaces = 3},
		.counts = {{0, 1}, {1, 1}, {2, 1}}};
	size_t n;

	(void) state;
	assert_int_equal(tally_know(&t, 3), 0);
	tally_delivered(&t, &c);
	n = tally_put(&t, false, 1, out, sizeof(out));
	assert_true(n > 0 && t.changed && t.rows[2].changed && !t.rows[0].changed);
	assert_true(tally_put(&t, false, 1, out, sizeof(out)) > 0 && !t.changed);
	assert_int_equal(tally_put(&t, false, 1, out, sizeof(out)), 0);
	tally_done(&t);
}

static void interface_blocks_are_kept_in_order(void **state)
{
	struct idb_list l = {0};
	uint8_t block[40];
	size_t len;

	(void) state;
	for (uint32_t i = 0; i < 1000; i++) {
		memset(block, (int) (i & 0xff), sizeof(block));
		assert_int_equal(idb_list_add(&l, block, 4 * (1 + i % 10)), 0);
	}
	for (uint32_t i = 0; i < 1000; i++) {
		const uint8_t *p = idb_list_range(&l, i, i + 1, &len);

		assert_true(len == 4 * (1 + i % 10) && p[0] == (i & 0xff) && p[len - 1] == p[0]);
	}
	(void) idb_list_range(&l, 1000, 1000, &len);
	assert_int_equal(len, 0);
	idb_list_done(&l);
}

static void hundreds_of_captures_fit_the_budget_and_never_exceed_it(void **state)
{
	static const uint64_t totals[] = {4 * MIB, 64 * MIB, 256 * MIB, 1024 * MIB};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(totals); i++) {
		const struct budget b = {totals[i], 32 * MIB, 16 * MIB};
		struct budget_share share;
		uint64_t used = 0, n = 0;

		while (budget_next(&b, used, &share) == 0) {
			assert_true(share.ring_bytes <= 32 * MIB && share.stream_bytes <= 16 * MIB);
			assert_true(share.stream_bytes >= STREAM_MIN_BYTES &&
				    share.stream_bytes % STREAM_GRAIN_BYTES == 0);
			used += share.ring_bytes + share.stream_bytes;
			n++;
		}
		assert_true(used <= b.total_bytes && n >= b.total_bytes / MIB / 12);
		assert_int_equal(budget_next(&b, UINT64_MAX, &share), -ENOMEM);
	}
}

static void a_larger_ring_is_an_eighth_of_what_is_left(void **state)
{
	const struct budget b = {256 * MIB, 32 * MIB, 16 * MIB};

	(void) state;
	assert_int_equal(budget_larger_ring(&b, 0, 2 * MIB), 32 * MIB);
	assert_int_equal(budget_larger_ring(&b, 128 * MIB, 2 * MIB), 16 * MIB);
	assert_int_equal(budget_larger_ring(&b, 128 * MIB, 16 * MIB), 0);
	assert_int_equal(budget_larger_ring(&b, 240 * MIB, 2 * MIB), 0);
	assert_int_equal(budget_larger_ring(&b, 300 * MIB, 2 * MIB), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_viewer_gets_interfaces_then_packets_then_statistics),
		cmocka_unit_test(a_viewer_that_leaves_gets_statistics_of_what_was_sent),
		cmocka_unit_test(an_interface_that_comes_later_comes_before_its_packets),
		cmocka_unit_test(losses_of_the_kernel_are_told_also_without_a_packet_behind),
		cmocka_unit_test(a_slow_viewer_loses_whole_chunks_and_slows_nobody),
		cmocka_unit_test(a_viewer_whose_turn_is_later_loses_nothing),
		cmocka_unit_test(a_viewer_that_takes_nothing_does_not_keep_the_writer_waiting),
		cmocka_unit_test(a_late_viewer_counts_from_when_it_joined),
		cmocka_unit_test(nonsense_of_the_reader_ends_the_capture),
		cmocka_unit_test(a_capture_that_ended_is_not_brought_back_by_its_reader),
		cmocka_unit_test(a_viewer_too_slow_for_an_interface_hears_of_it_before_its_losses),
		cmocka_unit_test(
			an_interface_that_comes_up_in_a_quiet_capture_is_described_at_once),
		cmocka_unit_test(losses_without_a_packet_count_where_the_next_drop_count_is),
		cmocka_unit_test(live_statistics_come_once_a_second_while_something_changes),
		cmocka_unit_test(what_a_reader_reports_of_interfaces_is_bounded),
		cmocka_unit_test(chunks_that_say_the_impossible_end_the_capture),
		cmocka_unit_test(nothing_is_read_behind_the_end),
		cmocka_unit_test(names_that_are_gone_again_are_no_news),
		cmocka_unit_test(a_viewer_goes_on_where_its_target_comes_back),
		cmocka_unit_test(what_a_slow_viewer_misses_of_the_successor_is_told_lost),
		cmocka_unit_test(a_viewer_leaves_a_capture_that_goes_on_without_its_target),
		cmocka_unit_test(interfaces_that_come_after_leaving_are_not_told),
		cmocka_unit_test(a_successor_without_interfaces_has_none_to_tell),
		cmocka_unit_test(a_viewer_that_waited_enough_ends),
		cmocka_unit_test(a_target_is_followed_only_where_it_surely_is),
		cmocka_unit_test(names_are_those_of_the_captured_namespace_and_only_news_is_told),
		cmocka_unit_test(statistics_that_do_not_fit_come_next_time),
		cmocka_unit_test(interface_blocks_are_kept_in_order),
		cmocka_unit_test(a_larger_ring_is_an_eighth_of_what_is_left),
		cmocka_unit_test(hundreds_of_captures_fit_the_budget_and_never_exceed_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
