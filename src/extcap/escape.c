/* SPDX-License-Identifier: MIT */
#include "extcap/escape.h"

#include <errno.h>
#include <stdlib.h>

#include "http/percent.h"

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

int escape_undo(const char *s, size_t len_bytes, char **ret)
{
	struct http_slice in = {s, len_bytes};
	char *out = malloc(len_bytes + 1), *p = out;

	if (!out)
		return -ENOMEM;
	while (in.len_bytes > 0) {
		char first = in.p[0];
		int c = http_percent_next(&in);

		if (c < 0) {
			c = (unsigned char) first;
			in = (struct http_slice){in.p + 1, in.len_bytes - 1};
		}
		if (c == '\0') {
			free(out);
			return -EINVAL;
		}
		*p++ = first == '+' ? ' ' : (char) c;
	}
	*p = '\0';
	*ret = out;
	return 0;
}
