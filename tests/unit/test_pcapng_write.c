/* SPDX-License-Identifier: MIT */
/* The pcapng writer: a whole file byte for byte, every lack of room, and added drop counts. Other
 * programs read the same file in tests/checks/golden.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/own.h"
#include "pcapng/edit.h"
#include "pcapng/write.h"
#include "support/pcapng_read.h"

#define GOLDEN "tests/golden/all.pcapng" /* from the top of the repository, where ./test runs */
#define CAP    4096
#define START  1700000000000000000ULL

static const struct pcapng_shb section = {.comment = "---\n# capture target information\n",
	.hardware = "some hardware",
	.os = "Linux 6.1",
	.application = "Packetflix"};
static const struct pcapng_idb ethernet = {.linktype = 1,
	.snaplen = 262144,
	.name = "eth0",
	.description = "veth",
	.filter = "tcp port 80",
	.os = "Linux 6.1",
	.mac = (const uint8_t *) "\x02\x00\x00\x00\x00\x01",
	.speed_bps = 10000000000ULL};
static const struct pcapng_idb tunnel = {.linktype = 101, .snaplen = 262144, .name = "tun0"};
static const struct pcapng_isb statistics = {.interface = 0,
	.ts_ns = START + 2000000000,
	.start_ns = START,
	.end_ns = START + 2000000000,
	.accepted = 9,
	.lost = 7,
	.lost_ring = 4,
	.delivered = 2};

static const uint8_t v6[16] = {0x20, 1, 0x0d, 0xb8, [15] = 7};
static const struct pcapng_name names[] = {
	{4, (const uint8_t *) "\xc0\x00\x02\x01", "web\0web.shop", 13}, {16, v6, "db", 3}};

static size_t put_packet(const struct pcapng_epb *p, uint8_t *out)
{
	memset(out + PCAPNG_EPB_DATA_AT, 0, p->caplen);
	out[PCAPNG_EPB_DATA_AT] = p->interface == 1 ? 0x45 : 0x02;
	pcapng_frame_epb(p, out);
	return pcapng_epb_bytes(p);
}

static size_t write_all(uint8_t out[CAP])
{
	const struct pcapng_epb packets[] = {
		{0, START + 123456789, 60, 60, PCAPNG_DIR_IN | PCAPNG_TO_US, 0},
		{1, START + 123456790, 21, 21, PCAPNG_DIR_OUT, 3},
		{0, START + 1000000000, 14, 1514, PCAPNG_DIR_IN | PCAPNG_TO_OTHERS, 0}};
	size_t n = (size_t) pcapng_put_shb(&section, out, CAP);

	n += (size_t) pcapng_put_idb(&ethernet, out + n, CAP - n);
	n += (size_t) pcapng_put_idb(&tunnel, out + n, CAP - n);
	for (size_t i = 0; i < ARRAY_LEN(packets); i++)
		n += put_packet(&packets[i], out + n);
	return n + (size_t) pcapng_put_isb(&statistics, out + n, CAP - n);
}

static void a_whole_file_is_the_golden_one(void **state)
{
	uint8_t out[CAP], golden[CAP];
	size_t n = write_all(out);
	AUTO_FCLOSE FILE *f = fopen(GOLDEN, "r");

	(void) state;
	assert_non_null(f);
	assert_int_equal(fread(golden, 1, sizeof(golden), f), n);
	assert_memory_equal(golden, out, n);
}

static void a_block_without_room_is_refused_at_every_length(void **state)
{
	uint8_t *out = malloc(CAP);
	ssize_t shb = pcapng_put_shb(&section, out, CAP), idb = pcapng_put_idb(&ethernet, out, CAP);
	ssize_t isb = pcapng_put_isb(&statistics, out, CAP);

	(void) state;
	free(out);
	for (size_t cap = 0; cap < 1024; cap++) {
		AUTO_FREE uint8_t *small =
			malloc(cap ? cap : 1); /* so that a byte too much is seen */
		size_t n = cap;

		assert_int_equal(
			pcapng_put_shb(&section, small, n), cap < (size_t) shb ? -ENOBUFS : shb);
		assert_int_equal(
			pcapng_put_idb(&ethernet, small, n), cap < (size_t) idb ? -ENOBUFS : idb);
		assert_int_equal(
			pcapng_put_isb(&statistics, small, n), cap < (size_t) isb ? -ENOBUFS : isb);
	}
}

static void names_follow_their_addresses_each_ended_and_padded(void **state)
{
	static const uint8_t expected[] = "\x04\0\0\0\x40\0\0\0"
					  "\x01\0\x11\0\xc0\0\x02\x01web\0web.shop\0\0\0\0"
					  "\x02\0\x13\0\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"
					  "db\0\0"
					  "\0\0\0\0\x40\0\0";
	static const char long_names[UINT16_MAX] = "x";
	const struct pcapng_name too_long = {4, v6, long_names, sizeof(long_names)};
	uint8_t out[128];

	(void) state;
	assert_int_equal(pcapng_put_nrb(names, 2, out, sizeof(out)), sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
	assert_true(sizeof(expected) <= PCAPNG_NRB_BYTES + 2 * PCAPNG_NRB_RECORD_BYTES + 13 + 3);
	for (size_t cap = 0; cap < sizeof(expected); cap++)
		assert_int_equal(pcapng_put_nrb(names, 2, out, cap), -ENOBUFS);
	assert_int_equal(pcapng_put_nrb(&too_long, 1, out, sizeof(out)), -EINVAL);
}

static void a_text_longer_than_an_option_is_refused(void **state)
{
	static char text[65537];
	static uint8_t out[70000];
	const struct pcapng_shb s = {.comment = text};

	(void) state;
	memset(text, 'x', 65536);
	assert_int_equal(pcapng_put_shb(&s, out, sizeof(out)), -EINVAL);
	text[65535] = '\0';
	assert_true(pcapng_put_shb(&s, out, sizeof(out)) > 65535);
}

static void data_is_padded_and_the_length_repeated(void **state)
{
	(void) state;
	for (uint32_t caplen = 0; caplen < 20; caplen++) {
		const struct pcapng_epb p = {
			.caplen = caplen, .len = caplen, .dropcount = caplen % 2};
		struct pcapng_block b;
		uint8_t out[256];
		size_t n = put_packet(&p, out);

		pcapng_frame_epb(&p, out);
		assert_int_equal(n % 4, 0);
		assert_int_equal(pcapng_read_block(out, n, &b), n);
		assert_int_equal(b.caplen, caplen);
	}
}

static uint64_t dropcount_of(const uint8_t *p, size_t n)
{
	struct pcapng_block b;
	uint16_t len;
	const uint8_t *v;

	assert_int_equal(pcapng_read_block(p, n, &b), n);
	v = pcapng_read_option(&b, 4, &len);
	return v ? get_le64(v) : 0;
}

static void a_drop_count_is_made_or_added_to(void **state)
{
	static const uint64_t before[] = {0, 1, 5000000000ULL};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(before); i++) {
		const struct pcapng_epb p = {.caplen = 7, .len = 9, .dropcount = before[i]};
		uint8_t in[128], out[160];
		size_t n = put_packet(&p, in), m = n + (before[i] ? 0 : 12);

		/* two bytes behind it, as if there were another block */
		memcpy(in + n, "xy", 2);
		memcpy(out, in, n + 2);
		assert_int_equal(
			pcapng_add_epb_dropcount(out, n + 2, sizeof(out), 10), (ssize_t) m + 2);
		assert_true(dropcount_of(out, m) == before[i] + 10);
		assert_memory_equal(out + m, "xy", 2);
		for (size_t cap = n; cap < m; cap++) {
			memcpy(out, in, n);
			assert_int_equal(pcapng_add_epb_dropcount(out, n, cap, 10), -ENOBUFS);
			assert_memory_equal(out, in, n);
		}
	}
}

static void what_is_no_packet_block_is_not_changed(void **state)
{
	const struct pcapng_epb p = {.caplen = 7, .len = 9};
	static const struct {
		size_t at;
		uint32_t value;
	} rows[] = {{0, 5}, {4, 0}, {4, 28}, {4, 61}, {4, 1000}, {4, UINT32_MAX}, {20, 100},
		{20, UINT32_MAX}, {20, UINT32_MAX - 3}, {38, 0xffff}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t in[128];
		size_t n = put_packet(&p, in);

		memcpy(in + rows[i].at, &rows[i].value, rows[i].at == 38 ? 2 : 4);
		assert_int_equal(pcapng_add_epb_dropcount(in, n, sizeof(in), 1), -EBADMSG);
	}
	for (size_t len = 0; len < 32; len++) {
		uint8_t in[128];

		(void) put_packet(&p, in);
		assert_int_equal(pcapng_add_epb_dropcount(in, len, sizeof(in), 1), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_file_is_the_golden_one),
		cmocka_unit_test(a_block_without_room_is_refused_at_every_length),
		cmocka_unit_test(names_follow_their_addresses_each_ended_and_padded),
		cmocka_unit_test(a_text_longer_than_an_option_is_refused),
		cmocka_unit_test(data_is_padded_and_the_length_repeated),
		cmocka_unit_test(a_drop_count_is_made_or_added_to),
		cmocka_unit_test(what_is_no_packet_block_is_not_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
