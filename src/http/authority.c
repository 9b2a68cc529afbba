/* SPDX-License-Identifier: MIT */
#include "http/authority.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

static int parse_port(struct http_slice s, int *ret)
{
	unsigned long long port;

	if (!http_slice_number(s, &port) || port == 0 || port > 65535)
		return -EINVAL;
	*ret = (int) port;
	return 0;
}

static bool is_name_char(unsigned char c)
{
	return isalnum(c) || (c && strchr("-._~", c));
}

/* Check and copy the host @s, which stood in brackets if @is_v6. */
static int take_host(struct http_slice s, bool is_v6, struct http_authority *ret)
{
	struct in6_addr addr;

	if (s.len_bytes == 0 || s.len_bytes >= sizeof(ret->host))
		return -EINVAL;
	for (size_t i = 0; i < s.len_bytes; i++) {
		unsigned char c = (unsigned char) s.p[i];

		if (is_v6 ? !isxdigit(c) && c != ':' && c != '.' : !is_name_char(c))
			return -EINVAL;
		ret->host[i] = (char) tolower(c);
	}
	ret->host[s.len_bytes] = '\0';
	ret->is_v6 = is_v6;
	if (is_v6 && inet_pton(AF_INET6, ret->host, &addr) != 1)
		return -EINVAL;
	ret->is_address = is_v6 || inet_pton(AF_INET, ret->host, &addr) == 1;
	return 0;
}

int http_authority_parse(struct http_slice s, struct http_authority *ret)
{
	struct http_slice host = s, port = {NULL, 0};
	bool is_v6 = s.len_bytes > 0 && s.p[0] == '[', has_port;
	const char *end;

	if (s.len_bytes == 0)
		return -EINVAL;
	ret->port = -1;
	end = memchr(s.p, is_v6 ? ']' : ':', s.len_bytes);
	if (is_v6) {
		if (!end)
			return -EINVAL;
		host = (struct http_slice){s.p + 1, (size_t) (end - s.p) - 1};
		end++;
	} else if (end) {
		host.len_bytes = (size_t) (end - s.p);
	} else {
		end = s.p + s.len_bytes;
	}
	has_port = end < s.p + s.len_bytes;
	if (has_port) {
		if (*end != ':')
			return -EINVAL;
		port = (struct http_slice){end + 1, (size_t) (s.p + s.len_bytes - end) - 1};
		if (parse_port(port, &ret->port) < 0)
			return -EINVAL;
	}
	return take_host(host, is_v6, ret);
}

int http_origin_parse(struct http_slice s, struct http_authority *ret)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (int i = 0; i < 2; i++) {
		size_t n = strlen(schemes[i]);

		if (s.len_bytes <= n || strncasecmp(s.p, schemes[i], n) != 0)
			continue;
		return http_authority_parse((struct http_slice){s.p + n, s.len_bytes - n}, ret);
	}
	return -EINVAL;
}

bool http_authority_is(const struct http_authority *a, const struct http_authority *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}
