/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void text_done(struct text *t)
{
	free(t->p);
	*t = (struct text){0};
}

static bool reserve(struct text *t, size_t more_bytes)
{
	size_t cap = t->cap_bytes ? t->cap_bytes : 4096;
	char *p;

	if (t->failed || more_bytes > SIZE_MAX / 4 - t->len_bytes) {
		t->failed = true;
		return false;
	}
	if (t->len_bytes + more_bytes <= t->cap_bytes)
		return true;
	while (cap < t->len_bytes + more_bytes)
		cap *= 2;
	p = realloc(t->p, cap);
	if (!p) {
		t->failed = true;
		return false;
	}
	t->p = p;
	t->cap_bytes = cap;
	return true;
}

void text_put_bytes(struct text *t, const char *s, size_t len_bytes)
{
	if (len_bytes == 0 || !reserve(t, len_bytes))
		return;
	memcpy(t->p + t->len_bytes, s, len_bytes);
	t->len_bytes += len_bytes;
}

void text_put(struct text *t, const char *s)
{
	text_put_bytes(t, s, strlen(s));
}

void text_put_u64(struct text *t, uint64_t v)
{
	char digits[24];

	(void) snprintf(digits, sizeof(digits), "%" PRIu64, v);
	text_put(t, digits);
}

/* Length of the well-formed character at @s (at least one byte is there), 0 if it is malformed. */
static size_t char_len(const char *s, size_t len_bytes)
{
	for (size_t n = 1; n <= 4 && n <= len_bytes; n++) {
		if (utf8_valid(s, n))
			return n;
	}
	return 0;
}

void text_next(struct text *t)
{
	char last = t->len_bytes > 0 ? t->p[t->len_bytes - 1] : '{';

	if (last != '{' && last != '[')
		text_put(t, ",");
}

void text_put_key(struct text *t, const char *key)
{
	text_next(t);
	text_put_json(t, key);
	text_put(t, ":");
}

void text_put_string(struct text *t, const char *key, const char *value)
{
	text_put_key(t, key);
	text_put_json(t, value);
}

void text_put_number(struct text *t, const char *key, uint64_t value)
{
	text_put_key(t, key);
	text_put_u64(t, value);
}

void text_put_bool(struct text *t, const char *key, bool value)
{
	text_put_key(t, key);
	text_put(t, value ? "true" : "false");
}

static void put_escape(struct text *t, unsigned int c)
{
	char e[8];

	(void) snprintf(e, sizeof(e), "\\u%04x", c);
	text_put(t, e);
}

/* One that is_plain() is not true for. */
static void put_special(struct text *t, char c)
{
	switch (c) {
	case '"':
		text_put(t, "\\\"");
		break;
	case '\\':
		text_put(t, "\\\\");
		break;
	case '\n':
		text_put(t, "\\n");
		break;
	case '\r':
		text_put(t, "\\r");
		break;
	case '\t':
		text_put(t, "\\t");
		break;
	default:
		put_escape(t, (unsigned char) c);
	}
}

/* Characters that stay as they are. */
static bool is_plain(char c)
{
	unsigned char u = (unsigned char) c;

	return u >= 0x20 && u < 0x80 && !strchr("\"\\<>&", c);
}

void text_put_json(struct text *t, const char *s)
{
	size_t len = strlen(s);

	text_put(t, "\"");
	for (size_t i = 0; i < len;) {
		size_t n = 0;

		/* nearly all there is: in one go */
		while (i + n < len && is_plain(s[i + n]))
			n++;
		text_put_bytes(t, s + i, n);
		i += n;
		if (i == len)
			break;
		n = char_len(s + i, len - i);

		if (n == 0)
			text_put(t, "\\ufffd");
		else if (n == 1)
			put_special(t, s[i]);
		else if (n == 3 && memcmp(s + i, "\xe2\x80\xa8", 3) == 0)
			text_put(t, "\\u2028");
		else if (n == 3 && memcmp(s + i, "\xe2\x80\xa9", 3) == 0)
			text_put(t, "\\u2029");
		else
			text_put_bytes(t, s + i, n);
		i += n ? n : 1;
	}
	text_put(t, "\"");
}
