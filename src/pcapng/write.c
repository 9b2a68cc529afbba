/* SPDX-License-Identifier: MIT */
#include "pcapng/write.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum {
	BLOCK_SHB = 0x0a0d0d0a,
	BLOCK_IDB = 1,
	BLOCK_NRB = 4,
	BLOCK_ISB = 5,
	BLOCK_EPB = 6,
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
};

enum {
	OPT_END = 0,
	OPT_COMMENT = 1,
	SHB_HARDWARE = 2,
	SHB_OS = 3,
	SHB_USERAPPL = 4,
	IF_NAME = 2,
	IF_DESCRIPTION = 3,
	IF_MACADDR = 6,
	IF_SPEED = 8,
	IF_TSRESOL = 9,
	IF_FILTER = 11,
	IF_OS = 12,
	IF_HARDWARE = 15,
	EPB_FLAGS = 2,
	EPB_DROPCOUNT = 4,
	ISB_STARTTIME = 2,
	ISB_ENDTIME = 3,
	ISB_IFRECV = 4,
	ISB_IFDROP = 5,
	ISB_FILTERACCEPT = 6,
	ISB_OSDROP = 7,
	ISB_USRDELIV = 8,
	NRB_END = 0,
	NRB_IPV4 = 1,
	NRB_IPV6 = 2,
};

/* A block under construction: appended to, its two lengths filled in at the end. */
struct block {
	uint8_t *p;
	size_t cap_bytes, len_bytes;
	int rc;
};

static uint8_t *room(struct block *b, size_t n)
{
	uint8_t *q;

	if (b->rc == 0 && n > b->cap_bytes - b->len_bytes)
		b->rc = -ENOBUFS;
	if (b->rc < 0)
		return NULL;
	q = b->p + b->len_bytes;
	b->len_bytes += n;
	return q;
}

static void add(struct block *b, const void *p, size_t n)
{
	uint8_t *q = room(b, n);

	if (q && n > 0)
		memcpy(q, p, n);
}

static void add_u16(struct block *b, uint16_t v)
{
	add(b, &v, sizeof(v));
}

static void add_u32(struct block *b, uint32_t v)
{
	add(b, &v, sizeof(v));
}

static void add_option(struct block *b, uint16_t code, const void *p, size_t n)
{
	static const uint8_t zero[4];

	if (n > UINT16_MAX) {
		b->rc = -EINVAL;
		return;
	}
	add_u16(b, code);
	add_u16(b, (uint16_t) n);
	add(b, p, n);
	add(b, zero, (4 - n % 4) % 4);
}

static void add_text(struct block *b, uint16_t code, const char *text)
{
	if (text)
		add_option(b, code, text, strlen(text));
}

/* Time stamps and counters in options are two 32-bit words or one 64-bit word (draft 4.6). */
static void add_time(struct block *b, uint16_t code, uint64_t ns)
{
	uint32_t w[2] = {(uint32_t) (ns >> 32), (uint32_t) ns};

	add_option(b, code, w, sizeof(w));
}

static void add_count(struct block *b, uint16_t code, uint64_t n)
{
	add_option(b, code, &n, sizeof(n));
}

static struct block block_begin(uint32_t type, uint8_t *out, size_t cap_bytes)
{
	struct block b = {.p = out, .cap_bytes = cap_bytes};

	add_u32(&b, type);
	add_u32(&b, 0);
	return b;
}

static ssize_t block_end(struct block *b)
{
	uint32_t total = (uint32_t) b->len_bytes + 4;

	add_u32(b, total);
	if (b->rc < 0)
		return b->rc;
	memcpy(b->p + 4, &total, sizeof(total));
	return (ssize_t) b->len_bytes;
}

ssize_t pcapng_put_shb(const struct pcapng_shb *s, uint8_t *out, size_t cap_bytes)
{
	struct block b = block_begin(BLOCK_SHB, out, cap_bytes);

	add_u32(&b, BYTE_ORDER_MAGIC);
	add_u16(&b, 1);
	add_u16(&b, 0);
	add_u32(&b, UINT32_MAX); /* section length unknown */
	add_u32(&b, UINT32_MAX);
	add_text(&b, OPT_COMMENT, s->comment); /* first: clients look for it there */
	add_text(&b, SHB_HARDWARE, s->hardware);
	add_text(&b, SHB_OS, s->os);
	add_text(&b, SHB_USERAPPL, s->application);
	add_option(&b, OPT_END, NULL, 0);
	return block_end(&b);
}

ssize_t pcapng_put_idb(const struct pcapng_idb *i, uint8_t *out, size_t cap_bytes)
{
	static const uint8_t tsresol = 9; /* 10^-9 s */
	struct block b = block_begin(BLOCK_IDB, out, cap_bytes);

	add_u16(&b, i->linktype);
	add_u16(&b, 0);
	add_u32(&b, i->snaplen);
	add_text(&b, OPT_COMMENT, i->comment);
	add_text(&b, IF_NAME, i->name);
	add_text(&b, IF_DESCRIPTION, i->description);
	if (i->mac)
		add_option(&b, IF_MACADDR, i->mac, 6);
	if (i->speed_bps)
		add_count(&b, IF_SPEED, i->speed_bps);
	add_option(&b, IF_TSRESOL, &tsresol, 1);
	if (i->filter && i->filter[0] != '\0' && strlen(i->filter) < UINT16_MAX) {
		/* a leading 0 says: a libpcap filter string follows */
		uint16_t n = (uint16_t) strlen(i->filter);
		static const uint8_t zero[4];

		add_u16(&b, IF_FILTER);
		add_u16(&b, (uint16_t) (n + 1));
		add(&b, zero, 1);
		add(&b, i->filter, n);
		add(&b, zero, (4 - (n + 1U) % 4) % 4);
	}
	add_text(&b, IF_OS, i->os);
	add_text(&b, IF_HARDWARE, i->hardware);
	add_option(&b, OPT_END, NULL, 0);
	return block_end(&b);
}

static void add_name(struct block *b, const struct pcapng_name *n)
{
	static const uint8_t zero[4];
	size_t len = n->addr_len_bytes + n->names_len_bytes;

	if (len > UINT16_MAX) {
		b->rc = -EINVAL;
		return;
	}
	add_u16(b, n->addr_len_bytes == 4 ? NRB_IPV4 : NRB_IPV6);
	add_u16(b, (uint16_t) len);
	add(b, n->addr, n->addr_len_bytes);
	add(b, n->names, n->names_len_bytes);
	add(b, zero, (4 - len % 4) % 4);
}

ssize_t pcapng_put_nrb(const struct pcapng_name *names, size_t n, uint8_t *out, size_t cap_bytes)
{
	struct block b = block_begin(BLOCK_NRB, out, cap_bytes);

	for (size_t i = 0; i < n && b.rc == 0; i++)
		add_name(&b, &names[i]);
	add_u16(&b, NRB_END);
	add_u16(&b, 0);
	return block_end(&b);
}

ssize_t pcapng_put_isb(const struct pcapng_isb *s, uint8_t *out, size_t cap_bytes)
{
	struct block b = block_begin(BLOCK_ISB, out, cap_bytes);

	add_u32(&b, s->interface);
	add_u32(&b, (uint32_t) (s->ts_ns >> 32));
	add_u32(&b, (uint32_t) s->ts_ns);
	add_time(&b, ISB_STARTTIME, s->start_ns);
	add_time(&b, ISB_ENDTIME, s->end_ns);
	add_count(&b, ISB_IFRECV, s->accepted);
	add_count(&b, ISB_IFDROP, s->lost);
	add_count(&b, ISB_FILTERACCEPT, s->accepted);
	add_count(&b, ISB_OSDROP, s->lost_ring);
	add_count(&b, ISB_USRDELIV, s->delivered);
	add_option(&b, OPT_END, NULL, 0);
	return block_end(&b);
}

static inline void put_u16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void put_u32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

void pcapng_frame_epb(const struct pcapng_epb *p, uint8_t *out)
{
	size_t total = pcapng_epb_bytes(p);
	uint8_t *o = out + PCAPNG_EPB_DATA_AT + p->caplen;

	put_u32(out, BLOCK_EPB);
	put_u32(out + 4, (uint32_t) total);
	put_u32(out + 8, p->interface);
	put_u32(out + 12, (uint32_t) (p->ts_ns >> 32));
	put_u32(out + 16, (uint32_t) p->ts_ns);
	put_u32(out + 20, p->caplen);
	put_u32(out + 24, p->len);
	for (size_t pad = (4 - p->caplen % 4) % 4; pad > 0; pad--)
		*o++ = 0;
	put_u16(o, EPB_FLAGS);
	put_u16(o + 2, 4);
	put_u32(o + 4, p->flags);
	o += 8;
	if (p->dropcount) {
		put_u16(o, EPB_DROPCOUNT);
		put_u16(o + 2, 8);
		memcpy(o + 4, &p->dropcount, 8);
		o += 12;
	}
	put_u32(o, OPT_END);
	put_u32(o + 4, (uint32_t) total);
}

static uint32_t get_u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint16_t get_u16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Find option @code between @at and @end. Returns its offset, @end when it is not there, or
 * -EBADMSG. *ret_end is where options end (at the end-of-options mark or @end). */
static ssize_t find_option(const uint8_t *p, size_t at, size_t end, uint16_t code, size_t *ret_end)
{
	size_t found = end;

	while (at < end) {
		size_t n;

		if (end - at < 4)
			return -EBADMSG;
		if (get_u16(p + at) == OPT_END)
			break;
		n = ((size_t) get_u16(p + at + 2) + 3) & ~(size_t) 3;
		if (n > end - at - 4)
			return -EBADMSG;
		if (get_u16(p + at) == code && found == end)
			found = at;
		at += 4 + n;
	}
	*ret_end = at;
	return (ssize_t) found;
}

#define DROPCOUNT_END_BYTES 20 /* a drop count, the end mark, the length at the end of a block */

/* The options of the packet block at the beginning of the @len_bytes at @p. */
struct epb_options {
	size_t at, end; /* of the options, the end mark included */
	size_t mark;    /* where the end mark is, or @end */
	size_t count;   /* where the drop count is, or @end */
};

static int find_epb_options(const uint8_t *p, size_t len_bytes, struct epb_options *ret)
{
	size_t total, data;
	ssize_t at;

	if (len_bytes < PCAPNG_EPB_DATA_AT + 4 || get_u32(p) != BLOCK_EPB)
		return -EBADMSG;
	total = get_u32(p + 4);
	if (total > len_bytes || total < PCAPNG_EPB_DATA_AT + 4 || total % 4 != 0)
		return -EBADMSG;
	data = ((size_t) get_u32(p + 20) + 3) & ~(size_t) 3;
	ret->end = total - 4;
	if (data > ret->end - PCAPNG_EPB_DATA_AT)
		return -EBADMSG;
	ret->at = PCAPNG_EPB_DATA_AT + data;
	at = find_option(p, ret->at, ret->end, EPB_DROPCOUNT, &ret->mark);
	if (at < 0)
		return (int) at;
	ret->count = (size_t) at;
	if (ret->count < ret->end && get_u16(p + ret->count + 2) != sizeof(uint64_t))
		return -EBADMSG;
	return 0;
}

ssize_t pcapng_add_epb_dropcount(
	uint8_t *blocks, size_t len_bytes, size_t cap_bytes, uint64_t add_to_count)
{
	struct epb_options o;
	struct block b;
	uint64_t count = 0;
	size_t tail;
	ssize_t n;
	int rc = find_epb_options(blocks, len_bytes, &o);

	if (rc < 0)
		return rc;
	if (o.count < o.end) {
		memcpy(&count, blocks + o.count + 4, sizeof(count));
		count += add_to_count;
		memcpy(blocks + o.count + 4, &count, sizeof(count));
		return (ssize_t) len_bytes;
	}
	/* the option, an end mark and the length take the place of the old end mark and length */
	tail = len_bytes - (o.end + 4);
	if (len_bytes > cap_bytes || o.mark + DROPCOUNT_END_BYTES > cap_bytes - tail)
		return -ENOBUFS;
	memmove(blocks + o.mark + DROPCOUNT_END_BYTES, blocks + o.end + 4, tail);
	b = (struct block){.p = blocks, .len_bytes = o.mark, .cap_bytes = cap_bytes - tail};
	add_count(&b, EPB_DROPCOUNT, add_to_count);
	add_option(&b, OPT_END, NULL, 0);
	n = block_end(&b);
	return n < 0 ? n : n + (ssize_t) tail;
}
