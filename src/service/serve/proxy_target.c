/* SPDX-License-Identifier: MIT */
#include "service/serve/proxy_target.h"

#include <string.h>

#include "base/own.h"

#define LOCAL_MAX_BYTES 64 /* longer than any path that is handled here */

static const char *const local_paths[] = {
	"/capture", "/capture.pcapng", "/healthz", "/metrics", "/readyz", "/version"};

/* Split @target at the question mark: @ret_path without it, @ret_query with it. */
static void split(struct slice target, struct slice *ret_path, struct slice *ret_query)
{
	const char *q = memchr(target.p, '?', target.len_bytes);
	size_t n = q ? (size_t) (q - target.p) : target.len_bytes;

	*ret_path = (struct slice){target.p, n};
	*ret_query = (struct slice){target.p + n, target.len_bytes - n};
}

/* Cut the next segment off @path, which begins with a slash. */
static bool next_segment(struct slice *path, struct slice *ret)
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
static void put_clean_path(struct wbuf *w, struct slice path)
{
	size_t start = w->len_bytes;
	struct slice s;

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

static int hex_value(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	/* | 0x20 would make digits of some control characters */
	return at && c >= '0' ? (int) (at - digits) : -1;
}

/* The byte at @s, decoded; @s moves behind it. */
static char next_decoded(struct slice *s, bool is_query)
{
	int high, low;
	char c = s->p[0];

	s->p++;
	s->len_bytes--;
	if (c == '+' && is_query)
		return ' ';
	if (c != '%' || s->len_bytes < 2)
		return c;
	high = hex_value(s->p[0]);
	low = hex_value(s->p[1]);
	if (high < 0 || low < 0)
		return c;
	s->p += 2;
	s->len_bytes -= 2;
	return (char) (high << 4 | low);
}

bool proxy_is_local(struct slice target)
{
	uint8_t clean[LOCAL_MAX_BYTES];
	struct wbuf w = {.p = clean, .cap_bytes = sizeof(clean)};
	char name[LOCAL_MAX_BYTES + 1];
	struct slice path, query, s;
	size_t n = 0;

	split(target, &path, &query);
	put_clean_path(&w, path);
	if (w.failed || path.p[path.len_bytes - 1] == '/')
		return false;
	for (s = (struct slice){(char *) clean, w.len_bytes}; s.len_bytes > 0;)
		name[n++] = next_decoded(&s, false);
	name[n] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(local_paths); i++) {
		if (n == strlen(local_paths[i]) && memcmp(name, local_paths[i], n) == 0)
			return true;
	}
	return false;
}

/* Cut the next "name=value" off @query; @ret_name stays as it was sent. */
static bool next_parameter(struct slice *query, struct slice *ret_whole, struct slice *ret_name)
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

static bool is_name(struct slice s, const char *name)
{
	while (s.len_bytes > 0 && *name) {
		if (next_decoded(&s, true) != *name++)
			return false;
	}
	return s.len_bytes == 0 && *name == '\0';
}

bool proxy_query_value(struct slice target, const char *name, char *ret, size_t cap_bytes)
{
	struct slice path, query, whole, key, value;
	size_t n = 0;

	split(target, &path, &query);
	while (next_parameter(&query, &whole, &key)) {
		if (!is_name(key, name))
			continue;
		value.p = key.p + key.len_bytes;
		value.len_bytes = (size_t) (whole.p + whole.len_bytes - value.p);
		if (value.len_bytes > 0) { /* the equals sign */
			value.p++;
			value.len_bytes--;
		}
		while (value.len_bytes > 0 && n + 1 < cap_bytes)
			ret[n++] = next_decoded(&value, true);
		ret[n] = '\0';
		return value.len_bytes == 0;
	}
	return false;
}

/* The query as it came, or without the token. */
static void put_query(struct wbuf *w, struct slice query, bool hides_token)
{
	struct slice whole, name;
	bool is_first = true;

	if (!hides_token) {
		wbuf_bytes(w, query.p, query.len_bytes);
		return;
	}
	while (next_parameter(&query, &whole, &name)) {
		if (is_name(name, "token"))
			continue;
		wbuf_bytes(w, is_first ? "?" : "&", 1);
		wbuf_bytes(w, whole.p + 1, whole.len_bytes - 1);
		is_first = false;
	}
}

void proxy_put_target(struct slice target, bool hides_token, struct wbuf *w)
{
	static const char from[] = "/discover/mobyshark", to[] = "/mobyshark";
	struct slice path, query;
	size_t start = w->len_bytes;

	split(target, &path, &query);
	put_clean_path(w, path);
	if (!w->failed && w->len_bytes - start == sizeof(from) - 1 &&
		memcmp(w->p + start, from, sizeof(from) - 1) == 0) {
		w->len_bytes = start;
		wbuf_bytes(w, to, sizeof(to) - 1);
	}
	put_query(w, query, hides_token);
}

enum proxy_judgement proxy_judge(const char *p, size_t len_bytes)
{
	const char *from = memchr(p, ' ', len_bytes), *end = p + len_bytes;
	struct slice target;

	if (from && ++from < end && *from != '/')
		return PROXY_ELSEWHERE; /* to be refused there */
	if (from) {
		target = (struct slice){from, (size_t) (end - from)};
		end = memchr(from, ' ', target.len_bytes);
		if (!end)
			end = memchr(from, '?', target.len_bytes);
		if (end) {
			target.len_bytes = (size_t) (end - from);
			return proxy_is_local(target) ? PROXY_LOCAL : PROXY_ELSEWHERE;
		}
	}
	/* no request that is handled here has such a long path */
	return len_bytes < PROXY_JUDGE_BYTES ? PROXY_UNDECIDED : PROXY_ELSEWHERE;
}
