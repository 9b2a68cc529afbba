/* SPDX-License-Identifier: MIT */
#include "http/slice.h"

#include <string.h>
#include <strings.h>

#define DIGITS_MAX 18 /* fits 64 bits */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_token_char(char c)
{
	char lower = (char) (c | 0x20);

	return is_digit(c) || (lower >= 'a' && lower <= 'z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool http_slice_cut(struct http_slice *s, char c, struct http_slice *ret)
{
	const char *at = s->len_bytes > 0 ? memchr(s->p, c, s->len_bytes) : NULL;
	size_t n;

	if (!at)
		return false;
	n = (size_t) (at - s->p);
	*ret = (struct http_slice){s->p, n};
	*s = (struct http_slice){at + 1, s->len_bytes - n - 1};
	return true;
}

struct http_slice http_slice_trim(struct http_slice s)
{
	while (s.len_bytes > 0 && is_blank(s.p[0]))
		s = (struct http_slice){s.p + 1, s.len_bytes - 1};
	while (s.len_bytes > 0 && is_blank(s.p[s.len_bytes - 1]))
		s.len_bytes--;
	return s;
}

bool http_slice_next(struct http_slice *list, struct http_slice *ret)
{
	if (list->len_bytes == 0)
		return false;
	if (!http_slice_cut(list, ',', ret)) {
		*ret = *list;
		list->len_bytes = 0;
	}
	*ret = http_slice_trim(*ret);
	return true;
}

bool http_slice_is(struct http_slice s, const char *text)
{
	return strlen(text) == s.len_bytes &&
	       (s.len_bytes == 0 || memcmp(s.p, text, s.len_bytes) == 0);
}

bool http_slice_is_nocase(struct http_slice s, const char *text)
{
	return strlen(text) == s.len_bytes &&
	       (s.len_bytes == 0 || strncasecmp(s.p, text, s.len_bytes) == 0);
}

bool http_slice_is_token(struct http_slice s)
{
	for (size_t i = 0; i < s.len_bytes; i++) {
		if (!is_token_char(s.p[i]))
			return false;
	}
	return s.len_bytes > 0;
}

int http_hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c = (char) (c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool http_slice_number(struct http_slice s, unsigned long long *ret)
{
	unsigned long long v = 0;

	if (s.len_bytes == 0 || s.len_bytes > DIGITS_MAX || (s.p[0] == '0' && s.len_bytes > 1))
		return false;
	for (size_t i = 0; i < s.len_bytes; i++) {
		if (!is_digit(s.p[i]))
			return false;
		v = v * 10 + (unsigned long long) (s.p[i] - '0');
	}
	*ret = v;
	return true;
}
