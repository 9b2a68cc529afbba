/* SPDX-License-Identifier: MIT */
#include "http/percent.h"

#include <errno.h>

int http_percent_next(struct http_slice *s)
{
	unsigned char c = (unsigned char) s->p[0];
	size_t n = c == '%' ? 3 : 1;
	int high, low, v = c;

	if (n > s->len_bytes)
		return -EINVAL;
	if (n == 3) {
		high = http_hex_digit(s->p[1]);
		low = http_hex_digit(s->p[2]);
		if (high < 0 || low < 0)
			return -EINVAL;
		v = high << 4 | low;
	}
	*s = (struct http_slice){s->p + n, s->len_bytes - n};
	return v;
}

/* The next byte as http_decode() stores it, or -EINVAL. */
static int next_byte(struct http_slice *s, bool is_form)
{
	bool is_plus = is_form && s->p[0] == '+';
	int c = http_percent_next(s);

	if (is_plus)
		return ' ';
	if (c == '\t' && is_form)
		return c;
	return c < 0x20 || c == 0x7f ? -EINVAL : c;
}

long http_decode(struct http_slice s, bool is_form, char *ret, size_t cap_bytes)
{
	size_t n = 0;

	while (s.len_bytes > 0) {
		int c = next_byte(&s, is_form);

		if (c < 0)
			return c;
		if (n + 1 >= cap_bytes)
			return -ENOBUFS;
		ret[n++] = (char) c;
	}
	if (cap_bytes == 0)
		return -ENOBUFS;
	ret[n] = '\0';
	return (long) n;
}

bool http_is_decodable(struct http_slice s, bool is_form)
{
	while (s.len_bytes > 0) {
		if (next_byte(&s, is_form) < 0)
			return false;
	}
	return true;
}

bool http_decodes_to(struct http_slice s, bool is_form, const char *text)
{
	while (s.len_bytes > 0) {
		int c = next_byte(&s, is_form);

		if (c < 0 || *text == '\0' || c != (unsigned char) *text++)
			return false;
	}
	return *text == '\0';
}
