/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum block_type {
	BLOCK_SHB = 0x0a0d0d0a,
	BLOCK_IDB = 1,
	BLOCK_ISB = 5,
	BLOCK_EPB = 6,
};

enum option_code {
	OPT_END = 0,
	EPB_DROPCOUNT = 4,
	ISB_IFRECV = 4,
	ISB_IFDROP = 5,
	ISB_FILTERACCEPT = 6,
	ISB_OSDROP = 7,
	ISB_USRDELIV = 8,
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define BLOCK_HEAD_BYTES 8
#define BLOCK_MIN_BYTES  12
#define EPB_HEAD_BYTES   28 /* up to the packet's bytes */
#define ISB_HEAD_BYTES   20 /* up to the options */

struct option {
	uint16_t code, len_bytes;
};

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t u64_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static size_t padded(size_t len_bytes)
{
	return (len_bytes + 3) & ~(size_t) 3;
}

int stream_init(struct stream *s, struct tally *tally)
{
	*s = (struct stream){.tally = tally, .rest = malloc(STREAM_BLOCK_MAX)};
	memset(s->stats, 0xff, sizeof(s->stats));
	return s->rest ? 0 : -ENOMEM;
}

void stream_done(struct stream *s)
{
	free(s->rest);
	s->rest = NULL;
}

/* Step to the next option of @p..@end; returns its value, or NULL at the end. */
static const uint8_t *next_option(const uint8_t **p, const uint8_t *end, struct option *ret)
{
	const uint8_t *value = *p + sizeof(*ret);

	if (end - *p < (ptrdiff_t) sizeof(*ret))
		return NULL;
	memcpy(ret, *p, sizeof(*ret));
	if (ret->code == OPT_END || (size_t) (end - value) < padded(ret->len_bytes))
		return NULL;
	*p = value + padded(ret->len_bytes);
	return value;
}

static int read_epb(struct stream *s, const uint8_t *block, size_t len_bytes, int64_t now_ns)
{
	const uint8_t *opts, *value;
	struct option opt;
	size_t caplen;

	if (len_bytes < EPB_HEAD_BYTES + 4)
		return -EBADMSG;
	caplen = u32_at(block + 20);
	if (caplen > len_bytes - EPB_HEAD_BYTES - 4)
		return -EBADMSG;
	tally_packet(s->tally, block + EPB_HEAD_BYTES, caplen, now_ns);
	opts = block + EPB_HEAD_BYTES + padded(caplen);
	while ((value = next_option(&opts, block + len_bytes - 4, &opt))) {
		if (opt.code == EPB_DROPCOUNT && opt.len_bytes == 8)
			s->reported_lost += u64_at(value);
	}
	return 0;
}

static void keep_stat(struct stream_stats *st, uint16_t code, uint64_t v)
{
	switch (code) {
	case ISB_IFRECV:
		st->received = v;
		break;
	case ISB_IFDROP:
		st->dropped = v;
		break;
	case ISB_FILTERACCEPT:
		st->accepted = v;
		break;
	case ISB_OSDROP:
		st->os_dropped = v;
		break;
	case ISB_USRDELIV:
		st->delivered = v;
		break;
	default:
		break;
	}
}

static int read_isb(struct stream *s, const uint8_t *block, size_t len_bytes)
{
	const uint8_t *opts, *value;
	struct stream_stats *st;
	struct option opt;
	uint32_t iface;

	if (len_bytes < ISB_HEAD_BYTES + 4)
		return -EBADMSG;
	iface = u32_at(block + 8);
	if (iface >= s->ifaces)
		return -EBADMSG;
	s->stats_blocks++;
	if (iface >= STREAM_IFACES_MAX)
		return 0;
	st = &s->stats[iface];
	opts = block + ISB_HEAD_BYTES;
	while ((value = next_option(&opts, block + len_bytes - 4, &opt))) {
		if (opt.len_bytes == 8)
			keep_stat(st, opt.code, u64_at(value));
	}
	return 0;
}

static int read_block(struct stream *s, const uint8_t *block, size_t len_bytes, int64_t now_ns)
{
	switch (u32_at(block)) {
	case BLOCK_SHB:
		s->started = len_bytes >= 28 && u32_at(block + 8) == BYTE_ORDER_MAGIC;
		return s->started ? 0 : -EBADMSG;
	case BLOCK_EPB:
		return read_epb(s, block, len_bytes, now_ns);
	case BLOCK_IDB:
		s->ifaces++;
		return 0;
	case BLOCK_ISB:
		return read_isb(s, block, len_bytes);
	default:
		return 0;
	}
}

/* Length of the block at @p, 0 if @len_bytes do not hold it whole, or -EBADMSG. */
static ssize_t whole_block(const struct stream *s, const uint8_t *p, size_t len_bytes)
{
	uint32_t total;

	if (len_bytes < BLOCK_HEAD_BYTES)
		return 0;
	total = u32_at(p + 4);
	if (total < BLOCK_MIN_BYTES || total % 4 || total > STREAM_BLOCK_MAX)
		return -EBADMSG;
	if (!s->started && u32_at(p) != BLOCK_SHB)
		return -EBADMSG;
	if (total > len_bytes)
		return 0;
	return u32_at(p + total - 4) == total ? (ssize_t) total : -EBADMSG;
}

/* Add bytes of @p to the begun block until it is complete or @p is used up; returns bytes taken. */
static size_t fill_rest(struct stream *s, const uint8_t *p, size_t len_bytes)
{
	size_t wanted = BLOCK_HEAD_BYTES, taken = 0;

	for (int step = 0; step < 2; step++) {
		size_t n = wanted > s->rest_bytes ? wanted - s->rest_bytes : 0;

		if (n > len_bytes - taken)
			n = len_bytes - taken;
		memcpy(s->rest + s->rest_bytes, p + taken, n);
		s->rest_bytes += n;
		taken += n;
		if (s->rest_bytes < BLOCK_HEAD_BYTES)
			break;
		wanted = u32_at(s->rest + 4);
		if (wanted > STREAM_BLOCK_MAX)
			break; /* whole_block() refuses it */
	}
	return taken;
}

int stream_feed(struct stream *s, const uint8_t *p, size_t len_bytes, int64_t now_ns)
{
	ssize_t n = 0;
	int ret = 0;

	if (s->rest_bytes) {
		size_t taken = fill_rest(s, p, len_bytes);

		p += taken;
		len_bytes -= taken;
		n = whole_block(s, s->rest, s->rest_bytes);
		if (n <= 0)
			return (int) n;
		ret = read_block(s, s->rest, (size_t) n, now_ns);
		s->rest_bytes = 0;
	}
	while (ret == 0 && (n = whole_block(s, p, len_bytes)) > 0) {
		ret = read_block(s, p, (size_t) n, now_ns);
		p += n;
		len_bytes -= (size_t) n;
	}
	if (ret < 0 || n < 0)
		return -EBADMSG;
	memcpy(s->rest, p, len_bytes);
	s->rest_bytes = len_bytes;
	return 0;
}

static void print_stat(const char *name, uint64_t v)
{
	if (v == UINT64_MAX)
		printf(", \"%s\": null", name);
	else
		printf(", \"%s\": %" PRIu64, name, v);
}

void stream_print(const struct stream *s)
{
	const char *sep = "";

	printf("\"interfaces\": %" PRIu32 ", \"stats_blocks\": %" PRIu64
	       ", \"reported_lost\": %" PRIu64 ", \"stats\": [",
		s->ifaces, s->stats_blocks, s->reported_lost);
	for (uint32_t i = 0; i < s->ifaces && i < STREAM_IFACES_MAX; i++) {
		const struct stream_stats *st = &s->stats[i];

		printf("%s{\"interface\": %" PRIu32, sep, i);
		print_stat("received", st->received);
		print_stat("accepted", st->accepted);
		print_stat("delivered", st->delivered);
		print_stat("ifdrop", st->dropped);
		print_stat("osdrop", st->os_dropped);
		printf("}");
		sep = ", ";
	}
	printf("]");
}
