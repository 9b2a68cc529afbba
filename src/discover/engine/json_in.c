/* SPDX-License-Identifier: MIT */
#include "discover/engine/json_in.h"

#include "base/utf8.h"

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

json_t *json_in_parse(char *body, size_t len_bytes)
{
	repair(body, len_bytes);
	return json_loadb(body, len_bytes, JSON_ALLOW_NUL, NULL);
}

const char *json_in_string(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s ? s : "";
}
