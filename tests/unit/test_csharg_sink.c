/* SPDX-License-Identifier: MIT */
/* Gathering blocks, and writing them into sockets and pipes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/own.h"
#include "csharg/lib/batch.h"

/* A message of such a socket is what one system call wrote. */
static void blocks_go_out_in_one_call(void **state)
{
	AUTO_CLOSE int ours = -1, theirs = -1;
	struct batch batch = {0};
	struct sink sink;
	char changed[] = "cc", got[16];
	int fd[2];

	(void) state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
	ours = fd[0];
	theirs = fd[1];
	assert_int_equal(sink_init_fd(&sink, ours, NULL), 0);
	assert_int_equal(batch_add(&batch, &sink, (const uint8_t *) "aa", 2, 0, true), 0);
	assert_int_equal(batch_add(&batch, &sink, (const uint8_t *) "b", 1, 0, true), 0);
	assert_int_equal(batch_add(&batch, &sink, (const uint8_t *) changed, 2, 0, false), 0);
	memcpy(changed, "xx", 2);
	assert_int_equal(batch_add(&batch, &sink, (const uint8_t *) "d", 1, 0, true), 0);
	assert_int_equal(recv(theirs, got, sizeof(got), MSG_DONTWAIT), -1);
	assert_int_equal(batch_write(&batch, &sink), 0);
	assert_int_equal(recv(theirs, got, sizeof(got), MSG_DONTWAIT), 6);
	assert_memory_equal(got, "aabccd", 6);
	assert_int_equal(batch_write(&batch, &sink), 0);
	assert_int_equal(recv(theirs, got, sizeof(got), MSG_DONTWAIT), -1);
	batch_done(&batch);
	sink_done(&sink);
}

static size_t put_block(uint8_t *p, uint32_t type, uint32_t len)
{
	memset(p, 0, len);
	put_le32(p, type);
	put_le32(p + 4, len);
	put_le32(p + len - 4, len);
	return len;
}

/* A file that may not grow beyond @limit bytes, as on a full disk. */
static void what_a_full_disk_took_is_counted_in_whole_blocks(void **state)
{
	static const struct {
		rlim_t limit;
		uint64_t packets, bytes;
	} cases[] = {{0, 0, 0}, {30, 0, 28}, {59, 0, 28}, {60, 1, 60}, {100, 2, 92}, {123, 2, 92}};

	(void) state;
	(void) signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_CLOSE int file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		struct rlimit before, full;
		struct batch batch = {0};
		struct sink sink;
		struct stat st;
		uint8_t blocks[128];
		size_t n = put_block(blocks, 0x0a0d0d0a, 28);

		for (int k = 0; k < 3; k++)
			n += put_block(blocks + n, 6, 32);
		assert_true(file >= 0);
		assert_int_equal(sink_init_fd(&sink, file, NULL), 0);
		assert_int_equal(batch_add(&batch, &sink, blocks, 60, 1, true), 0);
		assert_int_equal(batch_add(&batch, &sink, blocks + 60, n - 60, 2, false), 0);
		assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
		full = (struct rlimit){cases[i].limit, before.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
		assert_int_equal(batch_write(&batch, &sink), -EFBIG);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_int_equal(batch.written.packets, cases[i].packets);
		assert_int_equal(batch.written.bytes, cases[i].bytes);
		assert_int_equal(fstat(file, &st), 0);
		assert_int_equal(st.st_size, cases[i].bytes);
		batch_done(&batch);
		sink_done(&sink);
	}
}

struct seen {
	uint32_t next;
	size_t n;
};

/* Numbers in the order in which they were added, whole ones in each piece. */
static int see(void *ctx, const uint8_t *bytes, size_t len_bytes)
{
	struct seen *s = ctx;

	assert_int_equal(len_bytes % sizeof(uint32_t), 0);
	for (size_t at = 0; at < len_bytes; at += sizeof(uint32_t))
		assert_int_equal(get_le32(bytes + at), s->next++);
	s->n++;
	return 0;
}

static void batches_that_are_full_are_written_in_order(void **state)
{
	enum {
		PER_BLOCK = 1000,
		BLOCKS = 500
	};
	AUTO_FREE uint8_t *all = malloc((size_t) PER_BLOCK * BLOCKS * sizeof(uint32_t));
	const size_t len = PER_BLOCK * sizeof(uint32_t);
	struct batch batch = {0};
	struct seen seen = {0};
	struct sink sink;

	(void) state;
	assert_non_null(all);
	for (uint32_t i = 0; i < PER_BLOCK * BLOCKS; i++)
		put_le32(all + i * sizeof(uint32_t), i);
	sink_init_callback(&sink, see, &seen);
	/* every third one in a place of its own */
	for (size_t i = 0; i < BLOCKS; i++)
		assert_int_equal(batch_add(&batch, &sink, all + i * len, len, 0, i % 3 != 0), 0);
	assert_int_equal(batch_write(&batch, &sink), 0);
	assert_int_equal(seen.next, PER_BLOCK * BLOCKS);
	assert_true(seen.n < BLOCKS);
	batch_done(&batch);
}

static void a_block_larger_than_a_batch_keeps_its_place(void **state)
{
	enum {
		NUMBERS = BATCH_COPIES_BYTES / sizeof(uint32_t) + 2
	};
	AUTO_FREE uint8_t *all = malloc(NUMBERS * sizeof(uint32_t));
	struct batch batch = {0};
	struct seen seen = {0};
	struct sink sink;

	(void) state;
	assert_non_null(all);
	for (uint32_t i = 0; i < NUMBERS; i++)
		put_le32(all + i * sizeof(uint32_t), i);
	sink_init_callback(&sink, see, &seen);
	assert_int_equal(batch_add(&batch, &sink, all, 4, 0, false), 0);
	assert_int_equal(batch_add(&batch, &sink, all + 4, BATCH_COPIES_BYTES + 4, 0, false), 0);
	assert_int_equal(batch_write(&batch, &sink), 0);
	assert_int_equal(seen.next, NUMBERS);
	batch_done(&batch);
}

static void pipes_are_made_larger(void **state)
{
	AUTO_CLOSE int from = -1, to = -1;
	struct sink sink;
	int fd[2];

	(void) state;
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	from = fd[0];
	to = fd[1];
	assert_int_equal(sink_init_fd(&sink, to, NULL), 0);
	assert_true(fcntl(from, F_GETPIPE_SZ) > 65536);
	sink_done(&sink);
}

static void what_a_slow_pipe_leaves_over_follows_in_order(void **state)
{
	enum {
		NUMBERS = 1 << 20,
		ONCE = 65536
	};
	AUTO_FREE uint8_t *all = malloc(NUMBERS * sizeof(uint32_t));
	AUTO_CLOSE int from = -1, to = -1;
	uint8_t got[4096];
	struct seen seen = {0};
	struct sink sink;
	size_t sent = 0;
	int fd[2];

	(void) state;
	assert_non_null(all);
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	from = fd[0];
	to = fd[1];
	for (uint32_t i = 0; i < NUMBERS; i++)
		put_le32(all + i * sizeof(uint32_t), i);
	assert_int_equal(sink_init_fd(&sink, to, NULL), 0);
	while (seen.next < NUMBERS) {
		struct iovec piece[2] = {{all + sent, 12}, {all + sent + 12, ONCE - 12}};

		if (sent < NUMBERS * sizeof(uint32_t) && !sink_is_slow(&sink)) {
			assert_int_equal(sink_write(&sink, piece, 2), 0);
			sent += ONCE;
			continue;
		}
		assert_int_equal(read(from, got, sizeof(got)), sizeof(got));
		assert_int_equal(see(&seen, got, sizeof(got)), 0);
		assert_int_equal(sink_flush(&sink), 0);
	}
	assert_false(sink_is_slow(&sink));
	sink_done(&sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_full_disk_took_is_counted_in_whole_blocks),
		cmocka_unit_test(blocks_go_out_in_one_call),
		cmocka_unit_test(batches_that_are_full_are_written_in_order),
		cmocka_unit_test(a_block_larger_than_a_batch_keeps_its_place),
		cmocka_unit_test(pipes_are_made_larger),
		cmocka_unit_test(what_a_slow_pipe_leaves_over_follows_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
