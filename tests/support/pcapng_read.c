/* SPDX-License-Identifier: MIT */
#include "support/pcapng_read.h"

#include <errno.h>
#include <stdbool.h>

#include "base/bytes.h"

#define PADDED(n) (((size_t) (n) + 3) / 4 * 4)

/* Bytes of the fixed part of a body, 0 for types we never write. */
static size_t fixed_bytes(uint32_t type)
{
	switch (type) {
	case PCAPNG_SHB:
		return 16;
	case PCAPNG_IDB:
		return 8;
	case PCAPNG_ISB:
		return 12;
	case PCAPNG_EPB:
		return 20;
	default:
		return 0;
	}
}

static bool is_zero(const uint8_t *p, size_t n)
{
	while (n > 0) {
		if (p[--n] != 0)
			return false;
	}
	return true;
}

/* Options fill @len bytes exactly and end with the mark. */
static int check_options(const uint8_t *p, size_t len)
{
	size_t at = 0;

	while (len - at >= 4) {
		uint16_t code = get_le16(p + at), n = get_le16(p + at + 2);

		at += 4;
		if (code == 0)
			return n == 0 && at == len ? 0 : -EBADMSG;
		if (PADDED(n) > len - at || !is_zero(p + at + n, PADDED(n) - n))
			return -EBADMSG;
		at += PADDED(n);
	}
	return -EBADMSG;
}

static int check_section(const uint8_t *fixed)
{
	return get_le32(fixed) == 0x1a2b3c4d && get_le16(fixed + 4) == 1 && get_le16(fixed + 6) == 0
		       ? 0
		       : -EBADMSG;
}

static int take_packet(const uint8_t *body, size_t len, struct pcapng_block *b)
{
	b->caplen = get_le32(body + 12);
	b->len = get_le32(body + 16);
	b->data = body + 20;
	if (b->caplen > b->len || b->caplen > len - 20 || PADDED(b->caplen) > len - 20 ||
		!is_zero(b->data + b->caplen, PADDED(b->caplen) - b->caplen))
		return -EBADMSG;
	b->options += PADDED(b->caplen);
	b->options_bytes -= PADDED(b->caplen);
	return 0;
}

ssize_t pcapng_read_block(const uint8_t *p, size_t len_bytes, struct pcapng_block *ret)
{
	struct pcapng_block b = {0};
	size_t total, body, fixed;

	if (len_bytes < 12)
		return -EBADMSG;
	b.type = get_le32(p);
	total = get_le32(p + 4);
	fixed = fixed_bytes(b.type);
	if (fixed == 0 || total % 4 != 0 || total > len_bytes || total < 12 + fixed + 4 ||
		get_le32(p + total - 4) != total)
		return -EBADMSG;
	body = total - 12;
	b.fixed = p + 8;
	b.options = b.fixed + fixed;
	b.options_bytes = body - fixed;
	if (b.type == PCAPNG_SHB && check_section(b.fixed) < 0)
		return -EBADMSG;
	if (b.type == PCAPNG_EPB && take_packet(b.fixed, body, &b) < 0)
		return -EBADMSG;
	if (check_options(b.options, b.options_bytes) < 0)
		return -EBADMSG;
	*ret = b;
	return (ssize_t) total;
}

const uint8_t *pcapng_read_option(const struct pcapng_block *b, uint16_t code, uint16_t *ret_len)
{
	const uint8_t *p = b->options;

	while (get_le16(p) != 0) {
		*ret_len = get_le16(p + 2);
		if (get_le16(p) == code)
			return p + 4;
		p += 4 + PADDED(*ret_len);
	}
	return NULL;
}
