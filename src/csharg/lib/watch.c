/* SPDX-License-Identifier: MIT */
/* Telling changes of the targets: an event of the service, or the clock, says when to look; what
 * has changed is found by comparing lists, so it does not depend on what events say. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/own.h"
#include "csharg/lib/http_get.h"
#include "csharg/lib/list.h"
#include "csharg/lib/target.h"

#define POLL_MS_DEFAULT 2000
#define RETRY_EVENTS_MS 1000
#define LINE_END        '\n'

struct watch {
	struct csharg_client *client;
	csharg_watch_fn fn;
	void *ctx;
	struct csharg_targets *known; /* owned */
	struct err *e;
	bool begun;                   /* something of this stream of events has come */
	bool at_line_start, has_data; /* of the event that comes in */
	int rc;                       /* what ended it */
	bool by_caller;               /* @rc is what @fn returned */
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* The names of @t in alphabetical order, borrowed, in an array of the caller; NULL without memory.
 */
static const char **sorted_names(const struct csharg_target *t)
{
	const char **names = calloc(t->n_interfaces + 1, sizeof(const char *));

	for (size_t i = 0; names && i < t->n_interfaces; i++)
		names[i] = t->interfaces[i];
	if (names && t->n_interfaces > 1)
		qsort(names, t->n_interfaces, sizeof(const char *), compare_names);
	return names;
}

/* Original services list interfaces in another order each time, which is no change. */
static bool same_interfaces(const struct csharg_target *a, const struct csharg_target *b)
{
	AUTO_FREE const char **left = sorted_names(a);
	AUTO_FREE const char **right = sorted_names(b);

	if (a->n_interfaces != b->n_interfaces || !left || !right)
		return false;
	for (size_t i = 0; i < a->n_interfaces; i++)
		if (strcmp(left[i], right[i]) != 0)
			return false;
	return true;
}

static int tell(struct watch *w, enum csharg_change change, const struct csharg_target *t)
{
	w->rc = w->fn(w->ctx, change, t);
	w->by_caller = w->rc != 0;
	return w->rc;
}

/* Both lists are in the same order, so one walk finds every difference. */
static int tell_changes(struct watch *w, const struct csharg_targets *now)
{
	static const struct csharg_targets none;
	const struct csharg_targets *before = w->known ? w->known : &none;
	size_t i = 0, k = 0;

	while (i < before->n || k < now->n) {
		const struct csharg_target *a = i < before->n ? before->target[i] : NULL;
		const struct csharg_target *b = k < now->n ? now->target[k] : NULL;
		int c = !a ? 1 : !b ? -1 : target_compare(a, b), rc = 0;

		i += c <= 0;
		k += c >= 0;
		if (c < 0)
			rc = tell(w, CSHARG_REMOVED, a);
		else if (c > 0)
			rc = tell(w, CSHARG_ADDED, b);
		else if (!same_interfaces(a, b))
			rc = tell(w, CSHARG_CHANGED, b);
		if (rc != 0)
			return rc;
	}
	return tell(w, CSHARG_CURRENT, NULL);
}

static int look(struct watch *w)
{
	struct csharg_targets *now;

	w->rc = list_targets(w->client, &now, w->e);
	if (w->rc < 0)
		return w->rc;
	if (tell_changes(w, now) == 0) {
		csharg_targets_free(w->known);
		w->known = now;
	} else {
		csharg_targets_free(now);
	}
	return w->rc;
}

/* An event ends with an empty line, and counts if it has a line that is no comment (the HTML
 * standard, "server-sent events"). All that came at once are one reason to look. */
static int on_event(void *ctx, const char *bytes, size_t len_bytes)
{
	struct watch *w = ctx;
	/* what changed before the stream began is in no event of it */
	bool complete = !w->begun;

	w->begun = true;
	for (size_t i = 0; i < len_bytes; i++) {
		char c = bytes[i];

		if (c == '\r')
			continue;
		if (c == LINE_END && w->at_line_start) {
			complete = complete || w->has_data;
			w->has_data = false;
		} else if (w->at_line_start && c != ':') {
			w->has_data = true;
		}
		w->at_line_start = c == LINE_END;
	}
	return complete && look(w) != 0 ? -ECANCELED : 0;
}

/* Wait @ms or until the client is cancelled. */
static void rest(const struct csharg_client *c, uint32_t ms)
{
	int64_t until = clock_mono_ns() + (int64_t) ms * 1000000;
	struct pollfd fd = {.fd = c->cancel_fd, .events = POLLIN};

	while (!atomic_load(&c->cancelled)) {
		int64_t left = (until - clock_mono_ns()) / 1000000;

		if (left <= 0 || poll(&fd, 1, (int) left) > 0)
			return;
	}
}

static int watch_loop(struct watch *w, uint32_t poll_ms)
{
	struct err ignored = ERR_NONE;
	int rc = 0;

	while (look(w) == 0) {
		w->at_line_start = true;
		w->has_data = w->begun = false;
		if (rc != -ENOSYS)
			rc = http_events(w->client, "/events", on_event, w, &ignored);
		if (w->rc != 0)
			break;
		rest(w->client, rc == -ENOSYS ? poll_ms : RETRY_EVENTS_MS);
		if (atomic_load(&w->client->cancelled))
			return 0;
	}
	return w->rc;
}

int csharg_watch_run(struct csharg_client *client, uint32_t poll_ms, csharg_watch_fn fn, void *ctx,
	struct csharg_error *e)
{
	struct err why = ERR_NONE;
	struct watch w = {.client = client, .fn = fn, .ctx = ctx, .e = &why};
	int rc = watch_loop(&w, poll_ms ? poll_ms : POLL_MS_DEFAULT);

	csharg_targets_free(w.known);
	if (w.by_caller)
		return rc;
	if (rc == -ECANCELED && atomic_load(&client->cancelled))
		return 0;
	return rc < 0 ? error_tell(&why, e) : rc;
}
