/* SPDX-License-Identifier: MIT */
#include "service/proxy/proxy_target.h"

#include <string.h>

#include "http/percent.h"

/* Split @target at the question mark: @ret_path without it, @ret_query with it. */
static void split(
	struct http_slice target, struct http_slice *ret_path, struct http_slice *ret_query)
{
	const char *q = memchr(target.p, '?', target.len_bytes);
	size_t n = q ? (size_t) (q - target.p) : target.len_bytes;

	*ret_path = (struct http_slice){target.p, n};
	*ret_query = (struct http_slice){target.p + n, target.len_bytes - n};
}

/* Cut the next segment off @path, which begins with a slash. */
static bool next_segment(struct http_slice *path, struct http_slice *ret)
{
	const char *end;

	if (path->len_bytes == 0)
		return false;
	end = memchr(path->p + 1, '/', path->len_bytes - 1);
	ret->p = path->p;
	ret->len_bytes = end ? (size_t) (end - path->p) : path->len_bytes;
	path->p += ret->len_bytes;
	path->len_bytes -= ret->len_bytes;
	return true;
}

/* Drop what was written since @start after the last slash, and the slash. */
static void drop_segment(struct wbuf *w, size_t start)
{
	while (w->len_bytes > start && w->p[--w->len_bytes] != '/')
		;
}

/* Write @path with single slashes, without dot segments and without a slash at its end. */
static void put_clean_path(struct wbuf *w, struct http_slice path)
{
	size_t start = w->len_bytes;
	struct http_slice s;

	while (next_segment(&path, &s)) {
		if (s.len_bytes == 1 || (s.len_bytes == 2 && s.p[1] == '.'))
			continue;
		if (s.len_bytes == 3 && s.p[1] == '.' && s.p[2] == '.')
			drop_segment(w, start);
		else
			wbuf_bytes(w, s.p, s.len_bytes);
	}
	if (w->len_bytes == start)
		wbuf_bytes(w, "/", 1);
}

/* Cut the next "name=value" off @query; @ret_name stays as it was sent. */
static bool next_parameter(
	struct http_slice *query, struct http_slice *ret_whole, struct http_slice *ret_name)
{
	const char *end, *eq;

	if (query->len_bytes == 0)
		return false;
	end = memchr(query->p + 1, '&', query->len_bytes - 1);
	/* with the separator before it */
	ret_whole->p = query->p;
	ret_whole->len_bytes = end ? (size_t) (end - query->p) : query->len_bytes;
	query->p += ret_whole->len_bytes;
	query->len_bytes -= ret_whole->len_bytes;
	eq = memchr(ret_whole->p, '=', ret_whole->len_bytes);
	ret_name->p = ret_whole->p + 1;
	ret_name->len_bytes = (eq ? (size_t) (eq - ret_whole->p) : ret_whole->len_bytes) - 1;
	return true;
}

/* The query as it came, or without the token. */
static void put_query(struct wbuf *w, struct http_slice query, bool hides_token)
{
	struct http_slice whole, name;
	bool is_first = true;

	if (!hides_token) {
		wbuf_bytes(w, query.p, query.len_bytes);
		return;
	}
	while (next_parameter(&query, &whole, &name)) {
		if (http_decodes_to(name, true, "token"))
			continue;
		wbuf_bytes(w, is_first ? "?" : "&", 1);
		wbuf_bytes(w, whole.p + 1, whole.len_bytes - 1);
		is_first = false;
	}
}

/* Drop scheme and authority of an absolute @target: what is left may lack the path. */
static struct http_slice origin_form(struct http_slice target)
{
	const char *end = target.p + target.len_bytes, *at = target.p;

	if (target.len_bytes > 0 && *at == '/')
		return target;
	at = memmem(at, target.len_bytes, "://", 3);
	at = at ? at + 3 : target.p;
	while (at < end && *at != '/' && *at != '?')
		at++;
	return (struct http_slice){at, (size_t) (end - at)};
}

void proxy_put_target(struct http_slice target, bool hides_token, struct wbuf *w)
{
	static const char from[] = "/discover/mobyshark", to[] = "/mobyshark";
	struct http_slice path, query;
	size_t start = w->len_bytes;

	split(origin_form(target), &path, &query);
	put_clean_path(w, path);
	if (!w->failed && w->len_bytes - start == sizeof(from) - 1 &&
		memcmp(w->p + start, from, sizeof(from) - 1) == 0) {
		w->len_bytes = start;
		wbuf_bytes(w, to, sizeof(to) - 1);
	}
	put_query(w, query, hides_token);
}
