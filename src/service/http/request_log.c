/* SPDX-License-Identifier: MIT */
#include "service/http/request_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "service/http/request.h"

#define VALUE_MAX      512
#define FIELD_NAME_MAX 64

/* Quote @s, cut to fit. */
static const char *quote(struct http_slice s, char *buf, size_t cap)
{
	char text[VALUE_MAX];
	size_t n = s.len_bytes < sizeof(text) - 1 ? s.len_bytes : sizeof(text) - 1;

	if (n > 0)
		memcpy(text, s.p, n);
	text[n] = '\0';
	return log_quote(text, buf, cap);
}

/* A field without the query of the address it may hold: tokens can stand there. */
static const char *field(const struct http_request *r, const char *name, char *buf, size_t cap)
{
	const struct http_slice *s = http_head_field(r->head, name);
	struct http_slice value = s ? *s : (struct http_slice){"", 0};
	const char *query = value.len_bytes > 0 ? memchr(value.p, '?', value.len_bytes) : NULL;

	if (query && strcmp(name, "referer") == 0)
		value.len_bytes = (size_t) (query - value.p);
	return quote(value, buf, cap);
}

/* What must stay secret, or is in the line of the request already. */
static bool is_shown(struct http_slice name)
{
	static const char *const hidden[] = {
		"authorization", "cookie", "proxy-authorization", "referer"};

	for (size_t i = 0; i < ARRAY_LEN(hidden); i++) {
		if (http_slice_is_nocase(name, hidden[i]))
			return false;
	}
	return true;
}

static void log_headers(const struct http_request *r, const char *peer)
{
	for (uint32_t i = 0; i < r->head->n_fields; i++) {
		const struct http_field *f = &r->head->fields[i];
		char name[FIELD_NAME_MAX], value[2 * VALUE_MAX];

		if (is_shown(f->name))
			log_info("header peer=%s %s: \"%s\"", peer,
				quote(f->name, name, sizeof(name)),
				quote(f->value, value, sizeof(value)));
	}
}

void request_log_begin(
	struct request_log *l, const char *peer, const struct http_request *r, bool has_headers)
{
	char agent[2 * VALUE_MAX], referer[2 * VALUE_MAX], path[2 * VALUE_MAX];

	(void) quote((struct http_slice){r->path, strlen(r->path)}, path, sizeof(path));
	log_info("request peer=%s path=\"%s\" referer=\"%s\" agent=\"%s\"", peer, path,
		field(r, "referer", referer, sizeof(referer)),
		field(r, "user-agent", agent, sizeof(agent)));
	if (has_headers)
		log_headers(r, peer);
	free(l->line);
	if (asprintf(&l->line, "peer=%s path=\"%s\"", peer, path) < 0)
		l->line = NULL;
}

void request_log_end(struct request_log *l, unsigned int status, uint64_t n_bytes, int64_t began_ns)
{
	if (!l->line)
		return;
	log_info("answer %s status=%u bytes=%" PRIu64 " ms=%" PRId64, l->line, status, n_bytes,
		(clock_mono_ns() - began_ns) / 1000000);
	free(l->line);
	l->line = NULL;
}
