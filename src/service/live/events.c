/* SPDX-License-Identifier: MIT */
#include "service/live/events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/own.h"
#include "service/catalog/catalog_client.h"
#include "service/http/conn.h"

#define ID_MAX 64

/* One event as it is sent; shared by those who wait to send it. */
struct event {
	uint32_t refs;
	size_t len_bytes;
	char text[];
};

struct listener {
	struct listener *next;
	struct events *events;
	struct conn *conn;
	struct event *queue[EVENTS_QUEUE]; /* owned references, oldest first */
	size_t n;
	bool is_reset;   /* events were dropped */
	int64_t said_ns; /* when something was last sent */
};

static void event_id(const struct events *es, char *ret, size_t cap_bytes)
{
	(void) snprintf(ret, cap_bytes, "%" PRIx64 ".%" PRIu32 ".%" PRIu64, es->era,
		*es->discover_restarts, es->catalog->generation);
}

static void event_unref(struct event *e)
{
	if (e && --e->refs == 0)
		free(e);
}

/* One event of type @type with @data, held once. NULL without memory. */
static struct event *event_new(
	const struct events *es, const char *type, const char *data, size_t len_bytes)
{
	size_t cap = len_bytes + 256;
	struct event *e = malloc(sizeof(*e) + cap);
	char id[ID_MAX];
	int n;

	if (!e)
		return NULL;
	event_id(es, id, sizeof(id));
	n = snprintf(e->text, cap, "event: %s\nid: %s\ndata: ", type, id);
	if (len_bytes > 0)
		memcpy(e->text + n, data, len_bytes);
	memcpy(e->text + n + len_bytes, "\n\n", 2);
	e->refs = 1;
	e->len_bytes = (size_t) n + len_bytes + 2;
	return e;
}

static struct event *reset_new(const struct events *es)
{
	char data[64];
	int n = snprintf(
		data, sizeof(data), "{\"generation\":%" PRIu64 "}", es->catalog->generation);

	return event_new(es, "reset", data, (size_t) n);
}

/* {"generation":N,"targets":[...]} */
static struct event *snapshot_new(const struct events *es)
{
	const struct event_list *l = &es->list;
	AUTO_FREE char *text = NULL;
	struct event *e = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	(void) fprintf(f, "{\"generation\":%" PRIu64 ",\"targets\":[", es->catalog->generation);
	for (size_t i = 0; i < l->n; i++)
		(void) fprintf(f, "%s%.*s", i ? "," : "", (int) l->v[i].len_bytes, l->v[i].p);
	(void) fputs("]}", f);
	if (fclose(f) == 0)
		e = event_new(es, "snapshot", text, len);
	return e;
}

/* Drop what waits. The connection keeps the rest of an event that it has begun to send. */
static void forget(struct listener *l)
{
	for (size_t i = 0; i < l->n; i++)
		event_unref(l->queue[i]);
	l->n = 0;
}

static void add(struct listener *l, struct event *e)
{
	if (l->n == EVENTS_QUEUE || !e) {
		forget(l);
		l->is_reset = true;
	} else if (!l->is_reset) {
		e->refs++;
		l->queue[l->n++] = e;
	}
	conn_wake(l->conn);
}

static int make_list(const struct events *es, struct event_list *ret)
{
	const struct document *d = es->catalog->mobyshark.document;

	if (!d)
		return -1;
	return event_list_make(&es->catalog->catalog, d->p, d->len_bytes, ret);
}

static void tell(struct events *es, struct event *e)
{
	for (struct listener *l = es->first; l; l = l->next)
		add(l, e);
	event_unref(e);
}

/* The first catalog: what listeners know from now on. */
static void begin_list(struct events *es)
{
	if (make_list(es, &es->list) < 0)
		return;
	es->has_list = true;
	tell(es, snapshot_new(es));
}

void events_generation(struct events *es)
{
	struct event_list now;
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	int rc;

	if (es->n == 0)
		return;
	if (!es->has_list) {
		begin_list(es);
		return;
	}
	rc = make_list(es, &now);
	if (rc == 0) {
		rc = event_diff(&es->list, &now, es->catalog->generation, &text, &len);
		event_list_done(&es->list);
		es->list = now;
	}
	if (rc > 0)
		tell(es, event_new(es, "generation", text, len));
	else if (rc < 0)
		tell(es, NULL);
}

/* Does the client know the newest event already? */
static bool is_up_to_date(const struct events *es, const struct conn *c)
{
	char theirs[ID_MAX], ours[ID_MAX];

	event_id(es, ours, sizeof(ours));
	return http_request_field(conn_request(c), "last-event-id", theirs, sizeof(theirs)) &&
	       strcmp(theirs, ours) == 0;
}

/* Those that wait, each as one piece. */
static int next(void *ctx, struct iovec *ret, int cap, struct conn_end *end)
{
	struct listener *l = ctx;
	int n = 0;

	(void) end;
	if (l->n == 0 && l->is_reset) {
		struct event *e = reset_new(l->events);

		if (!e)
			return 0;
		l->queue[l->n++] = e;
		l->is_reset = false;
	}
	for (; n < cap && (size_t) n < l->n; n++)
		ret[n] = (struct iovec){l->queue[n]->text, l->queue[n]->len_bytes};
	return n;
}

static void sent(void *ctx, int n)
{
	struct listener *l = ctx;

	l->said_ns = clock_mono_ns();
	for (int i = 0; i < n; i++)
		event_unref(l->queue[i]);
	l->n -= (size_t) n;
	memmove(l->queue, l->queue + n, l->n * sizeof(l->queue[0]));
}

static void listener_free(void *ctx)
{
	struct listener *l = ctx, **at = &l->events->first;
	struct events *es = l->events;

	while (*at && *at != l)
		at = &(*at)->next;
	if (*at)
		*at = l->next;
	for (size_t i = 0; i < l->n; i++)
		event_unref(l->queue[i]);
	free(l);
	if (--es->n > 0)
		return;
	event_list_done(&es->list);
	es->has_list = false;
}

static const struct conn_ops ops = {.next = next, .sent = sent, .free = listener_free};

static struct listener *listener_new(struct events *es, struct conn *c)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->conn = c;
	l->events = es;
	l->said_ns = clock_mono_ns();
	l->next = es->first;
	es->first = l;
	/* without a catalog yet the list follows */
	if (es->n++ == 0)
		es->has_list = make_list(es, &es->list) == 0;
	return l;
}

void events_begin(struct conn *c, struct events *es)
{
	static const struct conn_head head = {.status = 200, .type = "text/event-stream"};
	static const int size = EVENTS_SEND_BYTES;
	bool knows = is_up_to_date(es, c);
	struct listener *l;

	if (es->n >= EVENTS_CLIENTS) {
		conn_error(c, 503, "too many listeners");
		return;
	}
	if (es->era == 0)
		es->era = clock_wall_ns();
	l = listener_new(es, c);
	if (!l) {
		conn_error(c, 503, "out of memory");
		return;
	}
	(void) setsockopt(conn_fd(c), SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	/* without a length the end of the connection is the end of the stream */
	conn_stream(c, &head, CONN_TO_END, &ops, l);
	if (es->has_list && !knows) {
		struct event *e = snapshot_new(es);

		add(l, e);
		event_unref(e);
	}
}

void events_tick(struct events *es, int64_t now_ns)
{
	static const char beat[] = ":\n\n";
	struct event *e;

	for (struct listener *l = es->first; l; l = l->next) {
		if (l->n > 0 || now_ns - l->said_ns < EVENTS_BEAT_NS)
			continue;
		e = malloc(sizeof(*e) + sizeof(beat));
		if (!e)
			continue;
		e->refs = 1;
		e->len_bytes = strlen(beat);
		memcpy(e->text, beat, sizeof(beat));
		add(l, e);
		event_unref(e);
	}
}

void events_done(struct events *es)
{
	event_list_done(&es->list);
}
