/* SPDX-License-Identifier: MIT */
#include "service/http/request.h"

#include <string.h>

bool http_request_field(const struct http_request *r, const char *name, char *ret, size_t cap_bytes)
{
	const struct http_slice *s = http_head_field(r->head, name);

	ret[0] = '\0';
	if (!s || s->len_bytes >= cap_bytes)
		return false;
	memcpy(ret, s->p, s->len_bytes);
	ret[s->len_bytes] = '\0';
	return true;
}

unsigned int http_request_count(const struct http_request *r, const char *name)
{
	struct http_slice query = r->query, arg, value;
	unsigned int n = 0;

	while (http_query_next(&query, &arg, &value))
		n += http_decodes_to(arg, true, name);
	return n;
}

bool http_request_argument(
	const struct http_request *r, const char *name, char *ret, size_t cap_bytes)
{
	struct http_slice query = r->query, arg, value;

	while (http_query_next(&query, &arg, &value)) {
		if (http_decodes_to(arg, true, name) &&
			http_decode(value, true, ret, cap_bytes) >= 0)
			return true;
		if (http_decodes_to(arg, true, name))
			break;
	}
	ret[0] = '\0';
	return false;
}

void http_clean_path(char *path)
{
	const char *from = path;
	char *to = path;

	while (*from) {
		size_t n = strcspn(from + 1, "/") + 1; /* a segment with the slash before it */
		bool is_last = from[n] == '\0';
		bool is_up = n == 3 && from[1] == '.' && from[2] == '.';

		if (is_up) {
			while (to > path && *--to != '/')
				;
		} else if (n > 1 && !(n == 2 && from[1] == '.')) {
			memmove(to, from, n);
			to += n;
		}
		if (is_last && (n == 1 || is_up || (n == 2 && from[1] == '.')))
			*to++ = '/';
		from += n;
	}
	*to = '\0';
}
