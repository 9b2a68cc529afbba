/* SPDX-License-Identifier: MIT */
#include "discover/edge/edge_icon.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "data:image/png;base64,"

/* ISO/IEC 15948: the signature, then always a chunk "IHDR" of 13 bytes, which begins with width and
 * height. */
#define PNG_LEAST_BYTES (8 + 8 + 13 + 4)

static bool is_zero(const unsigned char *p)
{
	return !(p[0] | p[1] | p[2] | p[3]);
}

static bool is_png(const unsigned char *p, size_t len_bytes)
{
	static const unsigned char start[] = {
		0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R'};

	return len_bytes >= PNG_LEAST_BYTES && memcmp(p, start, sizeof(start)) == 0 &&
	       !is_zero(p + 16) && !is_zero(p + 20);
}

static void encode(const unsigned char *p, size_t len_bytes, char *ret)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len_bytes; i += 3) {
		size_t n = len_bytes - i < 3 ? len_bytes - i : 3;
		uint32_t v = (uint32_t) p[i] << 16;

		v |= n > 1 ? (uint32_t) p[i + 1] << 8 : 0;
		v |= n > 2 ? p[i + 2] : 0;
		*ret++ = digits[v >> 18 & 63];
		*ret++ = digits[v >> 12 & 63];
		*ret++ = n > 1 ? digits[v >> 6 & 63] : '=';
		*ret++ = n > 2 ? digits[v & 63] : '=';
	}
	*ret = '\0';
}

char *edge_icon_url(const unsigned char *bytes, size_t len_bytes)
{
	size_t head = strlen(HEAD);
	char *url;

	if (len_bytes > EDGE_ICON_MAX_BYTES || !is_png(bytes, len_bytes))
		return NULL;
	url = malloc(head + (len_bytes + 2) / 3 * 4 + 1);
	if (!url)
		return NULL;
	memcpy(url, HEAD, head);
	encode(bytes, len_bytes, url + head);
	return url;
}
