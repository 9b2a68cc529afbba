/* SPDX-License-Identifier: MIT */
#include "extcap/escape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.' || c == '~';
}

void escape_put(struct text *t, const char *s)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *s; s++) {
		unsigned char c = (unsigned char) *s;
		const char escaped[] = {'%', digits[c >> 4], digits[c & 15]};

		if (is_plain(*s))
			text_put_bytes(t, s, 1);
		else if (*s == ' ')
			text_put(t, "+");
		else
			text_put_bytes(t, escaped, sizeof(escaped));
	}
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int escape_undo(const char *s, size_t len_bytes, char **ret)
{
	const char *end = s + len_bytes;
	char *out = malloc(len_bytes + 1), *p = out;

	if (!out)
		return -ENOMEM;
	while (s < end) {
		if (*s == '%' && end - s > 2 && digit(s[1]) >= 0 && digit(s[2]) >= 0) {
			*p = (char) (digit(s[1]) << 4 | digit(s[2]));
			s += 3;
		} else {
			*p = *s == '+' ? ' ' : *s;
			s++;
		}
		if (*p++ == '\0') {
			free(out);
			return -EINVAL;
		}
	}
	*p = '\0';
	*ret = out;
	return 0;
}
