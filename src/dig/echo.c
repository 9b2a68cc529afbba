/* SPDX-License-Identifier: MIT */
#include "dig/echo.h"

#include <errno.h>
#include <string.h>

#define HEADER_BYTES 8
#define REQUEST_4    8
#define REPLY_4      0
#define REQUEST_6    128
#define REPLY_6      129

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t) (v >> 8);
	p[1] = (uint8_t) v;
}

static uint16_t checksum(const uint8_t *p, size_t len_bytes)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len_bytes; i += 2)
		sum += (uint32_t) p[i] << 8 | p[i + 1];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~sum;
}

void echo_request(const struct echo *e, uint8_t ret[ECHO_BYTES])
{
	memset(ret, 0, ECHO_BYTES);
	ret[0] = e->family == 4 ? REQUEST_4 : REQUEST_6;
	put16(ret + 4, e->ident);
	put16(ret + 6, e->seq);
	if (e->family == 4)
		put16(ret + 2, checksum(ret, ECHO_BYTES));
}

int echo_reply(const uint8_t *p, size_t len_bytes, uint8_t family, bool has_ip, struct echo *ret)
{
	size_t skip = 0;

	if (has_ip)
		skip = len_bytes > 0 ? (size_t) (p[0] & 0x0f) * 4 : 0;
	if (skip > len_bytes || len_bytes - skip < HEADER_BYTES)
		return -EBADMSG;
	p += skip;
	if (p[0] != (family == 4 ? REPLY_4 : REPLY_6) || p[1] != 0)
		return -EBADMSG;
	*ret = (struct echo){family, (uint16_t) (p[4] << 8 | p[5]), (uint16_t) (p[6] << 8 | p[7])};
	return 0;
}
