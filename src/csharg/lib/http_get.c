/* SPDX-License-Identifier: MIT */
#include "csharg/lib/http_get.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/own.h"
#include "csharg/lib/easy.h"

/* a service that offers events sends something more often */
#define EVENTS_SILENCE_NS (90 * INT64_C(1000000000))

struct fetch {
	struct easy *easy;
	struct http_answer answer;
	size_t max_bytes, head_bytes;
	http_event_fn fn; /* NULL = keep the body */
	void *ctx;
	int rc; /* what @fn returned, or why we ended it */
	struct csharg_client *client;
	curl_off_t seen_bytes; /* of a stream of events, and when the newest of them came */
	int64_t heard_ns;
};

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct fetch *f = ctx;

	(void) p;
	f->head_bytes += size * n;
	return f->head_bytes > HTTP_HEAD_MAX ? 0 : size * n;
}

static bool is_event_stream(const struct fetch *f)
{
	long status = 0;
	const char *type = NULL;

	(void) curl_easy_getinfo(f->easy->curl, CURLINFO_RESPONSE_CODE, &status);
	(void) curl_easy_getinfo(f->easy->curl, CURLINFO_CONTENT_TYPE, &type);
	return status == 200 && type && strncasecmp(type, "text/event-stream", 17) == 0;
}

static size_t keep(struct http_answer *a, const char *p, size_t len)
{
	if (!a->body || a->len_bytes + len + 1 > a->cap_bytes) {
		size_t cap = a->cap_bytes ? a->cap_bytes : 16384;
		char *body;

		while (cap < a->len_bytes + len + 1)
			cap *= 2;
		body = realloc(a->body, cap);
		if (!body)
			return 0;
		a->body = body;
		a->cap_bytes = cap;
	}
	memcpy(a->body + a->len_bytes, p, len);
	a->len_bytes += len;
	a->body[a->len_bytes] = '\0';
	return len;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct fetch *f = ctx;
	size_t len = size * n;

	if (!f->fn)
		return len > f->max_bytes - f->answer.len_bytes ? 0 : keep(&f->answer, p, len);
	f->rc = is_event_stream(f) ? f->fn(f->ctx, p, len) : -ENOSYS;
	return f->rc == 0 ? len : 0;
}

static void set_callbacks(struct fetch *f)
{
	CURL *curl = f->easy->curl;

	(void) curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	(void) curl_easy_setopt(curl, CURLOPT_HEADERDATA, f);
	(void) curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	(void) curl_easy_setopt(curl, CURLOPT_WRITEDATA, f);
}

static void tell_head(CURL *curl, struct http_answer *a)
{
	const char *type = NULL, *location = NULL;
	size_t n;

	(void) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &a->status);
	(void) curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	(void) curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &location);
	n = type ? strcspn(type, "; ") : 0;
	for (size_t i = 0; i < n && i + 1 < sizeof(a->type); i++)
		a->type[i] = (char) tolower((unsigned char) type[i]);
	(void) snprintf(a->location, sizeof(a->location), "%s", location ? location : "");
}

int http_get(struct csharg_client *c, const char *path, size_t max_bytes, struct http_answer *ret,
	struct err *e)
{
	AUTO_EASY struct easy *easy = NULL;
	struct fetch f = {.max_bytes = max_bytes};
	int rc = easy_new(c, path, &easy, e);

	if (rc < 0)
		return rc;
	f.easy = easy;
	set_callbacks(&f);
	rc = easy_perform(easy, e);
	if (rc == 0 && !f.answer.body && keep(&f.answer, "", 0) == 0 && !f.answer.body)
		rc = err_set(e, -ENOMEM, "out of memory");
	if (rc < 0) {
		http_answer_done(&f.answer);
		return rc == -E2BIG
			       ? err_set(e, rc, "the answer is larger than %zu bytes", max_bytes)
			       : rc;
	}
	tell_head(easy->curl, &f.answer);
	*ret = f.answer;
	return 0;
}

void http_answer_done(struct http_answer *a)
{
	free(a->body);
	*a = (struct http_answer){0};
}

/* Has the stream of events been silent for too long? libcurl's own limit is a speed, of which a
 * comment every few seconds has none. */
static int is_silent(
	void *ctx, curl_off_t dl_total, curl_off_t dl, curl_off_t ul_total, curl_off_t ul)
{
	struct fetch *f = ctx;
	int64_t now_ns = clock_mono_ns();

	(void) dl_total;
	(void) ul_total;
	(void) ul;
	if (dl != f->seen_bytes) {
		f->seen_bytes = dl;
		f->heard_ns = now_ns;
	}
	return atomic_load(&f->client->cancelled) || now_ns - f->heard_ns > EVENTS_SILENCE_NS;
}

int http_events(
	struct csharg_client *c, const char *path, http_event_fn fn, void *ctx, struct err *e)
{
	AUTO_EASY struct easy *easy = NULL;
	struct fetch f = {.fn = fn, .ctx = ctx, .client = c, .heard_ns = clock_mono_ns()};
	int rc = easy_new(c, path, &easy, e);

	if (rc < 0)
		return rc;
	f.easy = easy;
	if (easy_header(easy, "Accept: text/event-stream") < 0)
		return err_set(e, -ENOMEM, "out of memory");
	set_callbacks(&f);
	(void) curl_easy_setopt(easy->curl, CURLOPT_TIMEOUT_MS, 0L);
	(void) curl_easy_setopt(easy->curl, CURLOPT_XFERINFOFUNCTION, is_silent);
	(void) curl_easy_setopt(easy->curl, CURLOPT_XFERINFODATA, &f);
	rc = easy_perform(easy, e);
	if (f.rc < 0)
		return f.rc;
	return rc == 0 && !is_event_stream(&f) ? -ENOSYS : rc;
}
