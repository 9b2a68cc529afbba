/* SPDX-License-Identifier: MIT */
#include "service/proxy/forward_target.h"

#include <string.h>

#include "http/target.h"

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

/* Write @query, whose empty arguments stay unless the token is taken out. */
static void put_query(struct wbuf *w, struct http_slice query, bool hides_token)
{
	struct http_slice name, value;
	const char *separator = "?";

	if (!hides_token) {
		wbuf_bytes(w, "?", 1);
		wbuf_bytes(w, query.p, query.len_bytes);
		return;
	}
	while (http_query_next(&query, &name, &value)) {
		if (http_decodes_to(name, true, "token"))
			continue;
		wbuf_bytes(w, separator, 1);
		wbuf_bytes(w, name.p, (size_t) (value.p + value.len_bytes - name.p));
		separator = "&";
	}
}

void forward_target_put(struct http_slice target, bool hides_token, struct wbuf *w)
{
	static const char from[] = "/discover/mobyshark", to[] = "/mobyshark";
	size_t start = w->len_bytes;
	struct http_target t;

	if (http_target_parse(target, &t) < 0 || t.is_asterisk) {
		wbuf_bytes(w, target.p, target.len_bytes);
		return;
	}
	put_clean_path(w, t.path);
	if (!w->failed && w->len_bytes - start == sizeof(from) - 1 &&
		memcmp(w->p + start, from, sizeof(from) - 1) == 0) {
		w->len_bytes = start;
		wbuf_bytes(w, to, sizeof(to) - 1);
	}
	if (t.query.p)
		put_query(w, t.query, hides_token);
}
