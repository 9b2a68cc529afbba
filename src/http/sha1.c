/* SPDX-License-Identifier: MIT */
#include "http/sha1.h"

#include <string.h>

static uint32_t rotate(uint32_t v, unsigned int n)
{
	return v << n | v >> (32 - n);
}

static void put_be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t) (v >> (24 - 8 * i));
}

static void expand(const uint8_t *block, uint32_t w[80])
{
	for (size_t i = 0; i < 16; i++)
		w[i] = (uint32_t) block[4 * i] << 24 | (uint32_t) block[4 * i + 1] << 16 |
		       (uint32_t) block[4 * i + 2] << 8 | block[4 * i + 3];
	for (size_t i = 16; i < 80; i++)
		w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
}

static uint32_t mix(size_t round, uint32_t b, uint32_t c, uint32_t d)
{
	if (round == 0)
		return (b & c) | (~b & d);
	if (round == 2)
		return (b & c) | (b & d) | (c & d);
	return b ^ c ^ d;
}

static void add_block(uint32_t h[5], const uint8_t *block)
{
	static const uint32_t k[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
	uint32_t w[80], v[5];

	expand(block, w);
	memcpy(v, h, sizeof(v));
	for (size_t i = 0; i < 80; i++) {
		uint32_t t =
			rotate(v[0], 5) + mix(i / 20, v[1], v[2], v[3]) + v[4] + k[i / 20] + w[i];

		v[4] = v[3];
		v[3] = v[2];
		v[2] = rotate(v[1], 30);
		v[1] = v[0];
		v[0] = t;
	}
	for (size_t i = 0; i < 5; i++)
		h[i] += v[i];
}

void sha1(const uint8_t *p, size_t len_bytes, uint8_t ret[SHA1_BYTES])
{
	uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	uint8_t padded[128] = {0};
	size_t total = len_bytes + 9 <= 64 ? 64 : 128;

	memcpy(padded, p, len_bytes);
	padded[len_bytes] = 0x80;
	put_be32(padded + total - 4, (uint32_t) len_bytes * 8);
	for (size_t at = 0; at < total; at += 64)
		add_block(h, padded + at);
	for (size_t i = 0; i < 5; i++)
		put_be32(ret + 4 * i, h[i]);
}

void base64_encode(const uint8_t *p, size_t len_bytes, char *ret)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len_bytes; i += 3) {
		size_t n = len_bytes - i < 3 ? len_bytes - i : 3;
		uint32_t v = (uint32_t) p[i] << 16 | (n > 1 ? (uint32_t) p[i + 1] << 8 : 0) |
			     (n > 2 ? p[i + 2] : 0);

		for (size_t k = 0; k < 4; k++)
			*ret++ = k <= n ? digits[v >> (18 - 6 * k) & 63] : '=';
	}
	*ret = '\0';
}
