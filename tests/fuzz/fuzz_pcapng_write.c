/* SPDX-License-Identifier: MIT */
/* Laws: an independent reader gets back from each block what was put in; with one byte less room
 * the block is refused; a dropcount added to a packet block changes that and nothing else. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "pcapng/edit.h"
#include "pcapng/write.h"
#include "support/input.h"
#include "support/pcapng_read.h"

#define CAP 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const struct pcapng_block *b, uint16_t code, const char *s)
{
	uint16_t n;
	const uint8_t *v = pcapng_read_option(b, code, &n);

	assert(v && n == strlen(s) && memcmp(v, s, n) == 0);
}

static void check_section(struct input *in)
{
	char *comment = input_text(in, 600), *os = input_text(in, 600);
	struct pcapng_shb s = {.comment = comment, .os = os};
	uint8_t out[CAP];
	struct pcapng_block b;
	ssize_t n = pcapng_put_shb(&s, out, sizeof(out));

	assert(n > 0 && pcapng_read_block(out, (size_t) n, &b) == n && b.type == PCAPNG_SHB);
	check_text(&b, 1, comment);
	check_text(&b, 3, os);
	assert(pcapng_put_shb(&s, out, (size_t) n - 1) == -ENOBUFS);
	free(comment);
	free(os);
}

static void check_interface(struct input *in)
{
	char *name = input_text(in, 40), *filter = input_text(in, 300);
	struct pcapng_idb i = {.linktype = (uint16_t) input_number(in, 2),
		.snaplen = (uint32_t) input_number(in, 4),
		.name = name,
		.filter = filter,
		.speed_bps = input_number(in, 8)};
	uint8_t out[CAP];
	struct pcapng_block b;
	uint16_t len;
	const uint8_t *v;
	ssize_t n = pcapng_put_idb(&i, out, sizeof(out));

	assert(n > 0 && pcapng_read_block(out, (size_t) n, &b) == n && b.type == PCAPNG_IDB);
	assert(get_le16(b.fixed) == i.linktype && get_le32(b.fixed + 4) == i.snaplen);
	check_text(&b, 2, name);
	v = pcapng_read_option(&b, 8, &len);
	assert(i.speed_bps ? v && len == 8 && get_le64(v) == i.speed_bps : !v);
	v = pcapng_read_option(&b, 11, &len);
	assert(filter[0] ? v && v[0] == 0 && len == strlen(filter) + 1 &&
				   memcmp(v + 1, filter, len - 1U) == 0
			 : !v);
	v = pcapng_read_option(&b, 9, &len);
	assert(v && len == 1 && v[0] == 9);
	assert(pcapng_put_idb(&i, out, (size_t) n - 1) == -ENOBUFS);
	free(name);
	free(filter);
}

static void check_statistics(struct input *in)
{
	struct pcapng_isb s = {.interface = (uint32_t) input_number(in, 4),
		.ts_ns = input_number(in, 8),
		.accepted = input_number(in, 8),
		.lost = input_number(in, 8),
		.lost_ring = input_number(in, 8),
		.delivered = input_number(in, 8)};
	const struct {
		uint16_t code;
		uint64_t value;
	} counts[] = {
		{4, s.accepted}, {5, s.lost}, {6, s.accepted}, {7, s.lost_ring}, {8, s.delivered}};
	uint8_t out[CAP];
	struct pcapng_block b;
	ssize_t n = pcapng_put_isb(&s, out, sizeof(out));

	assert(n > 0 && pcapng_read_block(out, (size_t) n, &b) == n && b.type == PCAPNG_ISB);
	assert(get_le32(b.fixed) == s.interface && get_le32(b.fixed + 8) == (uint32_t) s.ts_ns);
	for (size_t i = 0; i < 5; i++) {
		uint16_t len;
		const uint8_t *v = pcapng_read_option(&b, counts[i].code, &len);

		assert(v && len == 8 && get_le64(v) == counts[i].value);
	}
	assert(pcapng_put_isb(&s, out, (size_t) n - 1) == -ENOBUFS);
}

static uint64_t dropcount_of(const struct pcapng_block *b)
{
	uint16_t len;
	const uint8_t *v = pcapng_read_option(b, 4, &len);

	assert(!v || len == 8);
	return v ? get_le64(v) : 0;
}

static void check_packet(struct input *in)
{
	uint32_t caplen = (uint32_t) input_number(in, 2) % 2048;
	struct pcapng_epb p = {.interface = (uint32_t) input_number(in, 4),
		.ts_ns = input_number(in, 8),
		.caplen = caplen,
		.len = caplen + (uint32_t) input_number(in, 2),
		.flags = (uint32_t) input_number(in, 1),
		.dropcount = input_number(in, 2)};
	uint64_t add = 1 + input_number(in, 2);
	uint8_t out[CAP], copy[CAP];
	struct pcapng_block b, c;
	size_t n = pcapng_epb_bytes(&p);
	ssize_t m;

	memset(out + PCAPNG_EPB_DATA_AT, 0xa5, caplen);
	pcapng_frame_epb(&p, out);
	assert(pcapng_read_block(out, n, &b) == (ssize_t) n && b.type == PCAPNG_EPB);
	assert(b.caplen == caplen && b.len == p.len && get_le32(b.fixed) == p.interface &&
		dropcount_of(&b) == p.dropcount);
	memcpy(copy, out, n);
	m = pcapng_add_epb_dropcount(copy, n, sizeof(copy), add);
	assert(m > 0 && pcapng_read_block(copy, (size_t) m, &c) == m);
	assert(dropcount_of(&c) == p.dropcount + add && c.caplen == caplen &&
		memcmp(c.fixed, b.fixed, 20 + caplen) == 0);
	if ((size_t) m > n)
		assert(pcapng_add_epb_dropcount(out, n, (size_t) m - 1, add) == -ENOBUFS);
}

/* Any bytes: the result stays within its room, and what is refused stays as it is. */
static void check_foreign(const uint8_t *data, size_t size)
{
	size_t cap = size + PCAPNG_DROPCOUNT_BYTES;
	uint8_t *out = malloc(cap);
	ssize_t n;

	assert(out);
	memcpy(out, data, size);
	n = pcapng_add_epb_dropcount(out, size, cap, 1);
	assert(n <= (ssize_t) cap);
	assert(n > 0 || memcmp(out, data, size) == 0);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};

	check_section(&in);
	check_interface(&in);
	check_statistics(&in);
	check_packet(&in);
	check_foreign(data, size);
	return 0;
}
