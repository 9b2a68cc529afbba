/* SPDX-License-Identifier: MIT */
/* The ring between reader and service: both sides, wrapping, full, hostile, and under load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "stream/chunk.h"

#define MAP_BYTES (STREAM_HEADER_BYTES + STREAM_MIN_BYTES)

struct ring {
	uint8_t *map;
	struct chunk_writer w;
	struct chunk_reader r;
};

static struct ring make(void)
{
	struct ring x;

	x.map = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(x.map != MAP_FAILED);
	assert_int_equal(chunk_writer_init(&x.w, x.map, MAP_BYTES), 0);
	assert_int_equal(chunk_reader_init(&x.r, x.map, MAP_BYTES), 0);
	return x;
}

static void done(struct ring *x)
{
	(void) munmap(x->map, MAP_BYTES);
}

/* Write a chunk of @len bytes that all have the low byte of @n. */
static int put(struct chunk_writer *w, uint32_t n, size_t len)
{
	const struct chunk_count count = {.interface = 0, .packets = len >= 32};
	const struct chunk_info info = {.kind = CHUNK_PACKETS,
		.n_counts = 1,
		.payload_len_bytes = (uint32_t) len,
		.packets = count.packets,
		.interfaces = 1,
		.last_ts_ns = n};
	uint8_t *p;
	int rc = chunk_writer_reserve(w, len, &p);

	if (rc < 0)
		return rc;
	memset(p, (int) (n & 0xff), len);
	chunk_writer_commit(w, &info, &count);
	return 0;
}

static void check(const struct chunk *c, uint32_t n, size_t len)
{
	assert_int_equal(c->info.last_ts_ns, n);
	assert_int_equal(c->info.payload_len_bytes, len);
	for (size_t i = 0; i < len; i += 61)
		assert_int_equal(c->payload[i], n & 0xff);
}

static void sizes_that_cannot_be_are_refused(void **state)
{
	static const size_t sizes[] = {0, 1, STREAM_HEADER_BYTES, MAP_BYTES - 1, MAP_BYTES + 1,
		MAP_BYTES - STREAM_GRAIN_BYTES,
		(size_t) STREAM_MAX_BYTES + STREAM_HEADER_BYTES + 65536};
	struct ring x = make();
	struct chunk_writer w;
	struct chunk_reader r;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		assert_int_equal(chunk_writer_init(&w, x.map, sizes[i]), -EINVAL);
		assert_int_equal(chunk_reader_init(&r, x.map, sizes[i]), -EINVAL);
	}
	done(&x);
}

static void chunks_come_out_as_they_went_in_over_many_rounds(void **state)
{
	struct ring x = make();
	struct chunk c;
	uint64_t pos = 0;

	(void) state;
	for (uint32_t n = 1; n < 400; n++) {
		size_t len = (n * 7919U) % CHUNK_PAYLOAD_BYTES;

		assert_int_equal(put(&x.w, n, len), 0);
		assert_int_equal(chunk_reader_next(&x.r, pos, &c), 1);
		check(&c, n, len);
		/* the service's framing goes around the payload and harms nothing */
		memset(c.payload - CHUNK_HEADROOM_BYTES, 0xee, CHUNK_HEADROOM_BYTES);
		memset(c.payload + len, 0xee, CHUNK_TAILROOM_BYTES);
		pos = c.next;
		assert_int_equal(chunk_reader_next(&x.r, pos, &c), 0);
		(void) chunk_reader_release(&x.r, pos);
	}
	done(&x);
}

static void a_full_ring_makes_the_writer_wait_and_loses_nothing(void **state)
{
	struct ring x = make();
	struct chunk c;
	uint32_t n = 0;
	uint64_t pos = 0;

	(void) state;
	while (put(&x.w, n + 1, 50000) == 0)
		n++;
	assert_true(n > 10 && n < STREAM_MIN_BYTES / 50000 + 1);
	assert_int_equal(put(&x.w, n + 1, 50000), -EAGAIN);
	for (uint32_t i = 1; i <= n; i++) {
		assert_int_equal(chunk_reader_next(&x.r, pos, &c), 1);
		check(&c, i, 50000);
		pos = c.next;
	}
	assert_int_equal(chunk_reader_next(&x.r, pos, &c), 0);
	(void) chunk_reader_release(&x.r, pos);
	assert_int_equal(put(&x.w, 1, 50000), 0);
	done(&x);
}

static void a_sleeping_writer_is_woken_once(void **state)
{
	struct ring x = make();
	struct chunk c;
	uint64_t pos = 0;
	int woken = 0;

	(void) state;
	assert_false(chunk_writer_must_wait(&x.w, 50000));
	while (put(&x.w, 1, 50000) == 0)
		;
	assert_true(chunk_writer_must_wait(&x.w, 50000));
	while (chunk_reader_next(&x.r, pos, &c) > 0) {
		woken += chunk_reader_release(&x.r, c.next);
		pos = c.next;
	}
	assert_int_equal(woken, 1);
	done(&x);
}

static void what_never_fits_is_told_so(void **state)
{
	struct ring x = make();
	uint8_t *p;

	(void) state;
	assert_int_equal(chunk_writer_reserve(&x.w, STREAM_MIN_BYTES / 2 + 1, &p), -EMSGSIZE);
	assert_int_equal(chunk_writer_reserve(&x.w, SIZE_MAX, &p), -EMSGSIZE);
	assert_int_equal(chunk_writer_reserve(&x.w, STREAM_MIN_BYTES / 2 - 4096, &p), 0);
	done(&x);
}

/* Wherever the writer stands when everything was taken. */
static void an_empty_ring_has_room_for_all_that_ever_fits(void **state)
{
	(void) state;
	for (uint32_t n = 0; n < STREAM_MIN_BYTES / 32768; n++) {
		struct ring x = make();
		struct chunk c;
		uint64_t pos = 0;
		uint8_t *p;

		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(put(&x.w, i, 30000), 0);
		while (chunk_reader_next(&x.r, pos, &c) > 0)
			pos = c.next;
		(void) chunk_reader_release(&x.r, pos);
		assert_int_equal(chunk_writer_reserve(&x.w, STREAM_MIN_BYTES / 2 - 4096, &p), 0);
		done(&x);
	}
}

static void a_reservation_may_be_left_and_made_anew(void **state)
{
	struct ring x = make();
	struct chunk c;
	uint8_t *p;

	(void) state;
	assert_int_equal(chunk_writer_reserve(&x.w, 1000, &p), 0);
	assert_int_equal(chunk_reader_next(&x.r, 0, &c), 0);
	assert_int_equal(put(&x.w, 5, 10), 0);
	assert_int_equal(chunk_reader_next(&x.r, 0, &c), 1);
	check(&c, 5, 10);
	done(&x);
}

/* The words of the first record, by their place in it. */
static void corrupted_headers_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
	} rows[] = {{0, 0}, {0, 0x70616401}, {4, 0}, {4, 63}, {4, 64}, {4, 1 << 30},
		{4, UINT32_MAX}, {8, 0}, {8, 5}, {8, 1 | 257U << 16}, {12, 100000},
		{12, UINT32_MAX}, {16, 8}, {20, 0}, {36, 1}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ring x = make();
		struct chunk c;

		assert_int_equal(put(&x.w, 7, 100), 0);
		memcpy(x.map + STREAM_HEADER_BYTES + rows[i].at, &rows[i].value, 4);
		assert_int_equal(chunk_reader_next(&x.r, 0, &c), -EBADMSG);
		done(&x);
	}
}

static void a_head_that_makes_no_sense_is_refused(void **state)
{
	static const uint64_t heads[] = {1, 65, UINT64_MAX, STREAM_MIN_BYTES + 64, 1ULL << 63};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		struct ring x = make();
		struct chunk c;
		int rc;

		memcpy(x.map, &heads[i], sizeof(heads[i]));
		assert_int_equal(chunk_reader_next(&x.r, 0, &c), -EBADMSG);
		(void) chunk_reader_head(&x.r, &rc);
		assert_int_equal(rc, -EBADMSG);
		done(&x);
	}
}

static void released_space_that_was_never_filled_ends_the_writer(void **state)
{
	struct ring x = make();
	uint8_t *p;

	(void) state;
	(void) chunk_reader_release(&x.r, 64);
	assert_int_equal(chunk_writer_reserve(&x.w, 100, &p), -EPROTO);
	done(&x);
}

static void positions_outside_are_refused(void **state)
{
	struct ring x = make();
	struct chunk c;

	(void) state;
	assert_int_equal(put(&x.w, 1, 10), 0);
	assert_int_equal(put(&x.w, 1, 10), 0);
	assert_int_equal(chunk_reader_next(&x.r, 0, &c), 1);
	(void) chunk_reader_release(&x.r, c.next);
	assert_int_equal(chunk_reader_next(&x.r, 0, &c), -EBADMSG);
	assert_int_equal(chunk_reader_next(&x.r, 1 << 19, &c), -EBADMSG);
	done(&x);
}

#define LOAD 20000

static void write_load(struct chunk_writer *w)
{
	for (uint32_t n = 1; n <= LOAD; n++) {
		while (put(w, n, (n * 7919U) % 9000) == -EAGAIN)
			(void) sched_yield();
	}
	_exit(0);
}

static void two_processes_agree_about_every_chunk(void **state)
{
	struct ring x = make();
	struct chunk c;
	uint64_t pos = 0;
	int status;
	pid_t pid = fork();

	(void) state;
	if (pid == 0)
		write_load(&x.w);
	for (uint32_t n = 1; n <= LOAD;) {
		int rc = chunk_reader_next(&x.r, pos, &c);

		assert_true(rc >= 0);
		if (rc == 0) {
			(void) sched_yield();
			continue;
		}
		check(&c, n, (n * 7919U) % 9000);
		pos = c.next;
		if (n++ % 3 == 0)
			(void) chunk_reader_release(&x.r, pos);
	}
	assert_true(waitpid(pid, &status, 0) == pid && status == 0);
	done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_that_cannot_be_are_refused),
		cmocka_unit_test(chunks_come_out_as_they_went_in_over_many_rounds),
		cmocka_unit_test(a_full_ring_makes_the_writer_wait_and_loses_nothing),
		cmocka_unit_test(a_sleeping_writer_is_woken_once),
		cmocka_unit_test(what_never_fits_is_told_so),
		cmocka_unit_test(an_empty_ring_has_room_for_all_that_ever_fits),
		cmocka_unit_test(a_reservation_may_be_left_and_made_anew),
		cmocka_unit_test(corrupted_headers_are_refused),
		cmocka_unit_test(a_head_that_makes_no_sense_is_refused),
		cmocka_unit_test(released_space_that_was_never_filled_ends_the_writer),
		cmocka_unit_test(positions_outside_are_refused),
		cmocka_unit_test(two_processes_agree_about_every_chunk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
