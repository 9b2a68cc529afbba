/* SPDX-License-Identifier: MIT */
#include "http/target.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* Take scheme and authority off an absolute target; what is left of @s is its path, perhaps empty,
 * and its query. */
static int take_authority(struct http_slice *s, struct http_target *ret)
{
	static const char *const schemes[] = {"http://", "https://"};
	size_t scheme = 0, n;

	for (int i = 0; i < 2; i++) {
		n = strlen(schemes[i]);
		if (s->len_bytes > n && strncasecmp(s->p, schemes[i], n) == 0)
			scheme = n;
	}
	if (scheme == 0)
		return -EINVAL;
	*s = (struct http_slice){s->p + scheme, s->len_bytes - scheme};
	for (n = 0; n < s->len_bytes && s->p[n] != '/' && s->p[n] != '?';)
		n++;
	if (http_authority_parse((struct http_slice){s->p, n}, &ret->authority) < 0)
		return -EINVAL;
	ret->is_absolute = true;
	*s = (struct http_slice){s->p + n, s->len_bytes - n};
	return 0;
}

int http_target_parse(struct http_slice s, struct http_target *ret)
{
	static const struct http_slice root = {"/", 1};

	*ret = (struct http_target){.path = s};
	if (http_slice_is(s, "*")) {
		ret->is_asterisk = true;
		return 0;
	}
	if (s.len_bytes == 0 || memchr(s.p, '#', s.len_bytes))
		return -EINVAL;
	if (s.p[0] != '/' && take_authority(&s, ret) < 0)
		return -EINVAL;
	if (http_slice_cut(&s, '?', &ret->path))
		ret->query = s;
	else
		ret->path = s;
	if (!http_is_decodable(ret->path, false) || !http_is_decodable(ret->query, true))
		return -EINVAL;
	if (ret->path.len_bytes == 0)
		ret->path = root;
	return 0;
}

bool http_query_next(
	struct http_slice *query, struct http_slice *ret_name, struct http_slice *ret_value)
{
	struct http_slice arg = {NULL, 0};

	while (arg.len_bytes == 0) {
		if (query->len_bytes == 0)
			return false;
		if (!http_slice_cut(query, '&', &arg)) {
			arg = *query;
			query->len_bytes = 0;
		}
	}
	if (!http_slice_cut(&arg, '=', ret_name)) {
		*ret_name = arg;
		arg = (struct http_slice){arg.p + arg.len_bytes, 0};
	}
	*ret_value = arg;
	return true;
}
