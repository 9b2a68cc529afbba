/* SPDX-License-Identifier: MIT */
#include "pcapng/edit.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "pcapng/build.h"
#include "pcapng/write.h"

#define BLOCK_LEAST_BYTES 12 /* type and two lengths */
#define IDB_OPTIONS_AT    16
#define ISB_OPTIONS_AT    20

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
		if (get_u16(p + at) == PCAPNG_OPT_END)
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

	if (len_bytes < PCAPNG_EPB_DATA_AT + 4 || get_u32(p) != PCAPNG_BLOCK_EPB)
		return -EBADMSG;
	total = get_u32(p + 4);
	if (total > len_bytes || total < PCAPNG_EPB_DATA_AT + 4 || total % 4 != 0)
		return -EBADMSG;
	data = ((size_t) get_u32(p + 20) + 3) & ~(size_t) 3;
	ret->end = total - 4;
	if (data > ret->end - PCAPNG_EPB_DATA_AT)
		return -EBADMSG;
	ret->at = PCAPNG_EPB_DATA_AT + data;
	at = find_option(p, ret->at, ret->end, PCAPNG_EPB_DROPCOUNT, &ret->mark);
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
	struct epb_options o = {0};
	struct pcapng_build b;
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
	b = (struct pcapng_build){.p = blocks, .len_bytes = o.mark, .cap_bytes = cap_bytes - tail};
	pcapng_add_count(&b, PCAPNG_EPB_DROPCOUNT, add_to_count);
	pcapng_add_option(&b, PCAPNG_OPT_END, NULL, 0);
	n = pcapng_end(&b);
	return n < 0 ? n : n + (ssize_t) tail;
}

/* The least length of a block of @type. */
static size_t least_bytes(uint32_t type)
{
	switch (type) {
	case PCAPNG_BLOCK_IDB:
		return IDB_OPTIONS_AT + 4;
	case PCAPNG_BLOCK_EPB:
		return PCAPNG_EPB_DATA_AT + 4;
	case PCAPNG_BLOCK_ISB:
		return ISB_OPTIONS_AT + 4;
	default:
		return BLOCK_LEAST_BYTES;
	}
}

ssize_t pcapng_block_at(const uint8_t *p, size_t len_bytes, uint32_t *ret_type)
{
	uint32_t type;
	size_t total;

	if (len_bytes == 0)
		return 0;
	if (len_bytes < BLOCK_LEAST_BYTES)
		return -EBADMSG;
	type = get_u32(p);
	total = get_u32(p + 4);
	if (total > len_bytes || total % 4 != 0 || total < least_bytes(type) ||
		get_u32(p + total - 4) != total)
		return -EBADMSG;
	if (type == PCAPNG_BLOCK_EPB && get_u32(p + 20) > total - PCAPNG_EPB_DATA_AT - 4)
		return -EBADMSG;
	*ret_type = type;
	return (ssize_t) total;
}

/* A text option that is put together from up to three parts. */
struct joined {
	char text[3 * PCAPNG_LABEL_TEXT_MAX + 8]; /* and a separator */
	size_t len_bytes;
};

static void join(struct joined *j, const char *text, size_t len_bytes)
{
	size_t n = utf8_cut(text, len_bytes, PCAPNG_LABEL_TEXT_MAX);

	memcpy(j->text + j->len_bytes, text, n);
	j->len_bytes += n;
}

/* Append option @code: @prefix, the @len_bytes at @old, then @suffix behind @between. */
static void add_joined(struct pcapng_build *b, uint16_t code, const char *prefix,
	const uint8_t *old, size_t len_bytes, const char *between, const char *suffix)
{
	struct joined j = {.len_bytes = 0};

	if (prefix)
		join(&j, prefix, strlen(prefix));
	join(&j, (const char *) old, len_bytes);
	if (suffix && j.len_bytes > 0)
		join(&j, between, strlen(between));
	if (suffix)
		join(&j, suffix, strlen(suffix));
	if (j.len_bytes > 0)
		pcapng_add_option(b, code, j.text, j.len_bytes);
}

/* The value of option @code between @at and @end, "" when it is not there. */
static const uint8_t *option_value(
	const uint8_t *p, size_t at, size_t end, uint16_t code, size_t *ret_len)
{
	size_t mark;
	ssize_t found = find_option(p, at, end, code, &mark);

	*ret_len = 0;
	if (found < 0 || (size_t) found >= end)
		return (const uint8_t *) "";
	*ret_len = get_u16(p + found + 2);
	return p + found + 4;
}

/* Append all options between @at and @end but those with one of the codes @but, and no end mark. */
static int copy_options(struct pcapng_build *b, const uint8_t *p, size_t at, size_t end,
	const uint16_t *but, size_t n_but)
{
	size_t mark;

	if (find_option(p, at, end, PCAPNG_OPT_END, &mark) < 0)
		return -EBADMSG;
	while (at < mark) {
		uint16_t code = get_u16(p + at), n = get_u16(p + at + 2);
		bool is_left_out = false;

		for (size_t i = 0; i < n_but; i++)
			is_left_out |= code == but[i];
		if (!is_left_out)
			pcapng_add_option(b, code, p + at + 4, n);
		at += 4 + (((size_t) n + 3) & ~(size_t) 3);
	}
	return 0;
}

ssize_t pcapng_label_idb(const uint8_t *block, size_t len_bytes, const struct pcapng_label *label,
	uint8_t *out, size_t cap_bytes)
{
	static const uint16_t joined[] = {
		PCAPNG_OPT_COMMENT, PCAPNG_IF_NAME, PCAPNG_IF_DESCRIPTION};
	struct pcapng_build b = pcapng_begin(PCAPNG_BLOCK_IDB, out, cap_bytes);
	size_t end = len_bytes - 4, n;
	const uint8_t *old;

	pcapng_add(&b, block + 8, IDB_OPTIONS_AT - 8);
	old = option_value(block, IDB_OPTIONS_AT, end, PCAPNG_OPT_COMMENT, &n);
	add_joined(&b, PCAPNG_OPT_COMMENT, NULL, old, n, "; ", label->comment);
	old = option_value(block, IDB_OPTIONS_AT, end, PCAPNG_IF_NAME, &n);
	add_joined(&b, PCAPNG_IF_NAME, label->name_prefix, old, n, "", NULL);
	old = option_value(block, IDB_OPTIONS_AT, end, PCAPNG_IF_DESCRIPTION, &n);
	add_joined(&b, PCAPNG_IF_DESCRIPTION, NULL, old, n, ", ", label->description);
	if (copy_options(&b, block, IDB_OPTIONS_AT, end, joined, 3) < 0)
		return -EBADMSG;
	pcapng_add_option(&b, PCAPNG_OPT_END, NULL, 0);
	return pcapng_end(&b);
}

int pcapng_isb_uncount(uint8_t *block, size_t len_bytes, uint64_t packets)
{
	static const uint16_t counters[] = {
		PCAPNG_ISB_IFRECV, PCAPNG_ISB_FILTERACCEPT, PCAPNG_ISB_USRDELIV};
	size_t end = len_bytes - 4;

	for (size_t i = 0; i < 3; i++) {
		size_t mark;
		ssize_t at = find_option(block, ISB_OPTIONS_AT, end, counters[i], &mark);
		uint64_t v;

		if (at < 0 || ((size_t) at < end && get_u16(block + at + 2) != sizeof(v)))
			return -EBADMSG;
		if ((size_t) at >= end)
			continue;
		memcpy(&v, block + at + 4, sizeof(v));
		v = v > packets ? v - packets : 0;
		memcpy(block + at + 4, &v, sizeof(v));
	}
	return 0;
}

ssize_t pcapng_comment_isb(
	const uint8_t *block, size_t len_bytes, const char *comment, uint8_t *out, size_t cap_bytes)
{
	struct pcapng_build b = pcapng_begin(PCAPNG_BLOCK_ISB, out, cap_bytes);

	pcapng_add(&b, block + 8, ISB_OPTIONS_AT - 8);
	add_joined(&b, PCAPNG_OPT_COMMENT, NULL, (const uint8_t *) "", 0, "", comment);
	if (copy_options(&b, block, ISB_OPTIONS_AT, len_bytes - 4, NULL, 0) < 0)
		return -EBADMSG;
	pcapng_add_option(&b, PCAPNG_OPT_END, NULL, 0);
	return pcapng_end(&b);
}
