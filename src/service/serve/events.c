/* SPDX-License-Identifier: MIT */
#include "service/serve/events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "service/serve/connection.h"
#include "service/serve/reply.h"
#include "service/serve/stream.h"

#define PIECE_BYTES 65536
#define ID_MAX      64
#define HEADERS_MAX 1024

static void event_id(const struct app *a, char *ret, size_t cap_bytes)
{
	(void) snprintf(ret, cap_bytes, "%" PRIx64 ".%" PRIu32 ".%" PRIu64, a->events.era,
		a->counters.discover_restarts, a->catalog.generation);
}

static void event_unref(struct event *e)
{
	if (e && --e->refs == 0)
		free(e);
}

/* One event of type @type with @data, held once. NULL without memory. */
static struct event *event_new(
	const struct app *a, const char *type, const char *data, size_t len_bytes)
{
	size_t cap = len_bytes + 256;
	struct event *e = malloc(sizeof(*e) + cap);
	char id[ID_MAX];
	int n;

	if (!e)
		return NULL;
	event_id(a, id, sizeof(id));
	n = snprintf(e->text, cap, "event: %s\nid: %s\ndata: ", type, id);
	if (len_bytes > 0)
		memcpy(e->text + n, data, len_bytes);
	memcpy(e->text + n + len_bytes, "\n\n", 2);
	e->refs = 1;
	e->len_bytes = (size_t) n + len_bytes + 2;
	return e;
}

static struct event *reset_new(const struct app *a)
{
	char data[64];
	int n = snprintf(data, sizeof(data), "{\"generation\":%" PRIu64 "}", a->catalog.generation);

	return event_new(a, "reset", data, (size_t) n);
}

/* {"generation":N,"targets":[...]} */
static struct event *snapshot_new(const struct app *a)
{
	const struct event_list *l = &a->events.list;
	AUTO_FREE char *text = NULL;
	struct event *e = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	(void) fprintf(f, "{\"generation\":%" PRIu64 ",\"targets\":[", a->catalog.generation);
	for (size_t i = 0; i < l->n; i++)
		(void) fprintf(f, "%s%.*s", i ? "," : "", (int) l->v[i].len_bytes, l->v[i].p);
	(void) fputs("]}", f);
	if (fclose(f) == 0)
		e = event_new(a, "snapshot", text, len);
	return e;
}

/* Drop what waits, but for an event that is half sent. */
static void forget(struct listener *l)
{
	size_t keep = l->n > 0 && l->sent_bytes > 0;

	for (size_t i = keep; i < l->n; i++)
		event_unref(l->queue[i]);
	l->n = keep;
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
	stream_resume(l->connection);
	lws_callback_on_writable(l->connection->wsi);
}

static int make_list(struct app *a, struct event_list *ret)
{
	const struct document *d = a->catalog.mobyshark.document;

	if (!d)
		return -1;
	return event_list_make(&a->catalog.catalog, d->p, d->len_bytes, ret);
}

static void tell(struct app *a, struct event *e)
{
	for (struct listener *l = a->events.first; l; l = l->next)
		add(l, e);
	event_unref(e);
}

/* The first catalog: what listeners know from now on. */
static void begin_list(struct app *a)
{
	if (make_list(a, &a->events.list) < 0)
		return;
	a->events.has_list = true;
	tell(a, snapshot_new(a));
}

void events_generation(struct app *a)
{
	struct event_list now;
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	int rc;

	if (a->events.n == 0)
		return;
	if (!a->events.has_list) {
		begin_list(a);
		return;
	}
	rc = make_list(a, &now);
	if (rc == 0) {
		rc = event_diff(&a->events.list, &now, a->catalog.generation, &text, &len);
		event_list_done(&a->events.list);
		a->events.list = now;
	}
	if (rc > 0)
		tell(a, event_new(a, "generation", text, len));
	else if (rc < 0)
		tell(a, NULL);
}

static int write_headers(struct lws *wsi)
{
	unsigned char buf[LWS_PRE + HEADERS_MAX], *start = buf + LWS_PRE, *p = start;
	unsigned char *end = buf + sizeof(buf) - 1;

	/* without a length the end of the connection is the end of the stream */
	if (lws_add_http_header_status(wsi, 200, &p, end) ||
		reply_add_header(wsi, "content-type:", "text/event-stream", &p, end) ||
		reply_add_header(wsi, "cache-control:", "no-store", &p, end) ||
		reply_add_header(wsi, "x-content-type-options:", "nosniff", &p, end) ||
		reply_add_header(wsi, "connection:", "close", &p, end))
		return -1;
	return lws_finalize_write_http_header(wsi, start, &p, end) ? -1 : 0;
}

/* Does the client know the newest event already? */
static bool is_up_to_date(const struct connection *c)
{
	char theirs[ID_MAX], ours[ID_MAX];

	event_id(c->app, ours, sizeof(ours));
	return words_header(c->wsi, "last-event-id:", theirs, sizeof(theirs)) > 0 &&
	       strcmp(theirs, ours) == 0;
}

static struct listener *listener_new(struct connection *c, bool is_up_to_date)
{
	struct events *es = &c->app->events;
	struct listener *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->connection = c;
	l->said_ns = clock_mono_ns();
	l->next = es->first;
	es->first = l;
	/* without a catalog yet the list follows */
	if (es->n++ == 0)
		es->has_list = make_list(c->app, &es->list) == 0;
	if (es->has_list && !is_up_to_date) {
		struct event *e = snapshot_new(c->app);

		add(l, e);
		event_unref(e);
	}
	return l;
}

int events_begin(struct connection *c)
{
	struct events *es = &c->app->events;
	const int size = EVENTS_SEND_BYTES;
	bool knows = is_up_to_date(c);

	if (lws_hdr_total_length(c->wsi, WSI_TOKEN_HEAD_URI) > 0)
		return reply_text(c, 200, "text/event-stream", "");
	if (es->n >= EVENTS_CLIENTS)
		return reply_error(c, 503, "too many listeners");
	if (es->era == 0)
		es->era = clock_wall_ns();
	c->kind = CONNECTION_EVENTS;
	lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0);
	(void) setsockopt(lws_get_socket_fd(c->wsi), SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (write_headers(c->wsi) < 0)
		return -1;
	/* there is room for few requests' headers, and this one stays for long */
	(void) lws_http_headers_detach(c->wsi);
	c->listener = listener_new(c, knows);
	return c->listener ? stream_check_peer(c) : -1;
}

/* The next event to be sent, NULL if there is none. */
static struct event *next_event(struct listener *l)
{
	if (l->n == 0 && l->is_reset) {
		struct event *e = reset_new(l->connection->app);

		if (!e)
			return NULL;
		l->queue[l->n++] = e;
		l->is_reset = false;
	}
	return l->n > 0 ? l->queue[0] : NULL;
}

static void sent(struct listener *l, size_t n)
{
	l->said_ns = clock_mono_ns();
	l->sent_bytes += n;
	if (l->sent_bytes < l->queue[0]->len_bytes)
		return;
	event_unref(l->queue[0]);
	l->n--;
	memmove(l->queue, l->queue + 1, l->n * sizeof(l->queue[0]));
	l->sent_bytes = 0;
}

int events_write(struct connection *c)
{
	unsigned char buf[LWS_PRE + PIECE_BYTES];
	struct listener *l = c->listener;
	const struct event *e = l ? next_event(l) : NULL;
	size_t n;

	if (!e) {
		(void) lws_rx_flow_control(c->wsi, 0);
		return 0;
	}
	n = e->len_bytes - l->sent_bytes;
	if (n > PIECE_BYTES)
		n = PIECE_BYTES;
	memcpy(buf + LWS_PRE, e->text + l->sent_bytes, n);
	if (lws_write(c->wsi, buf + LWS_PRE, n, LWS_WRITE_HTTP) < 0)
		return -1;
	sent(l, n);
	lws_callback_on_writable(c->wsi);
	return 0;
}

void events_end(struct connection *c)
{
	struct events *es = &c->app->events;
	struct listener **at = &es->first;

	if (!c->listener)
		return;
	while (*at && *at != c->listener)
		at = &(*at)->next;
	if (*at)
		*at = c->listener->next;
	for (size_t i = 0; i < c->listener->n; i++)
		event_unref(c->listener->queue[i]);
	free(c->listener);
	c->listener = NULL;
	if (--es->n > 0)
		return;
	event_list_done(&es->list);
	es->has_list = false;
}

void events_tick(struct app *a, int64_t now_ns)
{
	static const char beat[] = ":\n\n";
	struct event *e;

	for (struct listener *l = a->events.first; l; l = l->next) {
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

void events_done(struct events *e)
{
	event_list_done(&e->list);
}
