/* SPDX-License-Identifier: MIT */
#include "discover/engine/json_in.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define ESCAPE_BYTES 6 /* "\uXXXX" */

static void repair(char *p, size_t len_bytes)
{
	for (size_t i = 0; i < len_bytes; i++) {
		unsigned char c = (unsigned char) p[i];

		if (c < 0x20 && c != '\n' && c != '\r' && c != '\t')
			p[i] = '?';
	}
	if (utf8_valid(p, len_bytes))
		return;
	for (size_t i = 0; i < len_bytes;) {
		size_t n = 1;

		while (n < 4 && n < len_bytes - i && !utf8_valid(p + i, n))
			n++;
		if (!utf8_valid(p + i, n)) {
			p[i] = '?';
			n = 1;
		}
		i += n;
	}
}

/* The number of the escape \uXXXX at @p, -1 if there is none. */
static long escape_at(const char *p, size_t left_bytes)
{
	char hex[5] = "";

	if (left_bytes < ESCAPE_BYTES || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (size_t i = 0; i < 4; i++) {
		if (!isxdigit((unsigned char) p[2 + i]))
			return -1;
		hex[i] = p[2 + i];
	}
	return strtol(hex, NULL, 16);
}

static bool is_high_half(long v)
{
	return v >= 0xd800 && v < 0xdc00;
}

static bool is_low_half(long v)
{
	return v >= 0xdc00 && v < 0xe000;
}

/* Zeros, which the parser refuses in keys, and halves of surrogate pairs without the other. */
static void repair_escapes(char *p, size_t len_bytes)
{
	for (size_t i = 0; i < len_bytes; i++) {
		long v = escape_at(p + i, len_bytes - i);
		bool pair =
			is_high_half(v) && len_bytes - i > ESCAPE_BYTES &&
			is_low_half(escape_at(p + i + ESCAPE_BYTES, len_bytes - i - ESCAPE_BYTES));

		if (p[i] != '\\')
			continue;
		if (v == 0 || is_low_half(v) || (is_high_half(v) && !pair))
			memcpy(p + i + 2, "003f", 4);
		/* on to the last byte of the escape */
		i += v < 0 ? 1 : (size_t) (pair ? 2 : 1) * ESCAPE_BYTES - 1;
	}
}

json_t *json_in_parse(char *body, size_t len_bytes)
{
	repair(body, len_bytes);
	repair_escapes(body, len_bytes);
	return json_loadb(body, len_bytes, 0, NULL);
}

const char *json_in_string(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s ? s : "";
}
