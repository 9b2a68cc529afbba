/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* The length of the well-formed character at @s, and the character in *ret_c; 0 if it is not one.
 */
static size_t decode(const uint8_t *s, size_t len_bytes, uint32_t *ret_c)
{
	size_t n;
	uint32_t c;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

	if (len_bytes == 0)
		return 0;
	*ret_c = s[0];
	if (s[0] < 0x80)
		return 1;
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len_bytes)
		return 0;
	c = s[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret_c = c;
	return n;
}

/* Begin the character with the first byte @c, which is not ASCII. */
static bool step_first(struct utf8_state *s, uint8_t c)
{
	if (c < 0xc2 || c > 0xf4)
		return false;
	s->more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	/* overlong forms, surrogates and what is above U+10FFFF show in the second byte */
	s->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	s->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	return true;
}

bool utf8_step(struct utf8_state *s, uint8_t byte)
{
	if (s->more == 0)
		return byte < 0x80 || step_first(s, byte);
	if (byte < s->low || byte > s->high)
		return false;
	s->more--;
	s->low = 0x80;
	s->high = 0xbf;
	return true;
}

/* Control characters of ASCII and Latin-1, and the marks, embeddings, overrides and isolates of the
 * Unicode bidirectional algorithm (UAX #9, table 4): they change how a terminal or a page shows the
 * text around them. */
static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

bool utf8_valid(const char *s, size_t len_bytes)
{
	const uint8_t *p = (const uint8_t *) s;
	uint32_t c;

	for (size_t i = 0; i < len_bytes;) {
		size_t n = decode(p + i, len_bytes - i, &c);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

size_t utf8_cut(const char *s, size_t len_bytes, size_t max_bytes)
{
	size_t n = len_bytes;

	if (n <= max_bytes)
		return n;
	n = max_bytes;
	while (n > 0 && ((uint8_t) s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

void utf8_sanitize(const char *s, char *ret, size_t cap_bytes)
{
	const uint8_t *p = (const uint8_t *) s;
	size_t len = strlen(s), o = 0;

	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t n = decode(p + i, len - i, &c);
		bool bad = n == 0 || is_control(c);

		if (n == 0)
			n = 1;
		if (o + (bad ? 1 : n) >= cap_bytes)
			break;
		if (bad)
			ret[o++] = '?';
		else {
			memmove(ret + o, p + i, n);
			o += n;
		}
		i += n;
	}
	ret[o] = '\0';
}

const char *utf8_word(const char *s, char ret[UTF8_WORD_MAX])
{
	static const char more[] = "...";

	utf8_sanitize(s, ret, UTF8_WORD_MAX - strlen(more));
	if (strlen(ret) < strlen(s))
		memcpy(ret + strlen(ret), more, sizeof(more));
	return ret;
}
