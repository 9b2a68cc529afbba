/* SPDX-License-Identifier: MIT */
#include "service/serve/ghostwire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "service/serve/proxy_head.h"
#include "service/serve/proxy_peer.h"

#define READ_BYTES 65536

struct ghostwire_ask {
	struct app *app;
	void (*done)(void *ctx, const char *body, size_t len_bytes, const char *why);
	void *ctx;
	struct proxy_peer peer;
	uint32_t n_tried; /* addresses of the other service */
	lws_sorted_usec_list_t timer;
	char request[512];
	size_t request_len_bytes, n_sent;
	char *answer; /* owned */
	size_t len_bytes, cap_bytes;
};

static void end(struct ghostwire_ask *g, const char *body, size_t len_bytes, const char *why)
{
	lws_sul_cancel(&g->timer);
	proxy_peer_close(&g->peer);
	g->done(g->ctx, body, len_bytes, why);
}

static void on_time_up(lws_sorted_usec_list_t *sul)
{
	struct ghostwire_ask *g = lws_container_of(sul, struct ghostwire_ask, timer);

	end(g, NULL, 0, "the discovery service does not answer");
}

/* Connect to its next address. Returns 0, or why that failed with the last one. */
static int connect_next(struct ghostwire_ask *g)
{
	const struct resolver *r = &g->app->resolver;
	int rc = -EHOSTUNREACH;

	while (g->n_tried < r->n_addresses) {
		proxy_peer_close(&g->peer);
		rc = proxy_peer_connect(&g->peer, &r->addresses[g->n_tried++]);
		if (rc == 0)
			return 0;
	}
	return rc;
}

static void on_unreachable(struct ghostwire_ask *g, int rc)
{
	char why[128];

	if (connect_next(g) == 0)
		return;
	/* for the next question; this one has waited enough */
	(void) resolver_retry(&g->app->resolver, clock_mono_ns());
	(void) snprintf(
		why, sizeof(why), "cannot connect to the discovery service: %s", strerror(-rc));
	end(g, NULL, 0, why);
}

/* The answer is whole: its connection has ended. Cut the head off. */
static void on_answer(struct ghostwire_ask *g)
{
	struct proxy_head head;
	uint64_t len_bytes = 0;
	long n = g->answer ? proxy_head_parse(g->answer, g->len_bytes, PROXY_ANSWER, &head) : 0;
	int framing = n > 0 ? proxy_head_framing(&head, &len_bytes) : -EBADMSG;

	if (framing == PROXY_BODY_TO_END)
		len_bytes = g->len_bytes - (size_t) n;
	/* a request in HTTP/1.0 is not answered in chunks */
	if (framing < 0 || framing == PROXY_BODY_CHUNKED || len_bytes > g->len_bytes - (size_t) n) {
		end(g, NULL, 0, "the answer of the discovery service is cut short or no HTTP");
		return;
	}
	end(g, g->answer + n, (size_t) len_bytes, NULL);
}

static int reserve(struct ghostwire_ask *g)
{
	size_t cap = g->cap_bytes ? 2 * g->cap_bytes : READ_BYTES;
	char *p;

	if (g->cap_bytes - g->len_bytes >= READ_BYTES / 2)
		return 0;
	if (cap > GHOSTWIRE_LIST_MAX_BYTES)
		return -E2BIG;
	p = realloc(g->answer, cap);
	if (!p)
		return -ENOMEM;
	g->answer = p;
	g->cap_bytes = cap;
	return 0;
}

static void read_answer(struct ghostwire_ask *g)
{
	for (;;) {
		int rc = reserve(g);
		ssize_t n = rc < 0 ? rc
				   : proxy_peer_read(&g->peer, g->answer + g->len_bytes,
					     g->cap_bytes - g->len_bytes);

		if (n == -EAGAIN)
			return;
		if (n == 0) {
			on_answer(g);
			return;
		}
		if (n < 0) {
			end(g, NULL, 0,
				n == -E2BIG ? "the answer of the discovery service is too long"
					    : strerror((int) -n));
			return;
		}
		g->len_bytes += (size_t) n;
	}
}

static void on_peer(void *ctx)
{
	struct ghostwire_ask *g = ctx;
	int rc = proxy_peer_state(&g->peer);

	if (rc == -EINPROGRESS)
		return;
	if (rc < 0 && g->n_sent == 0) {
		on_unreachable(g, rc);
		return;
	}
	while (g->n_sent < g->request_len_bytes) {
		ssize_t n = proxy_peer_write(
			&g->peer, g->request + g->n_sent, g->request_len_bytes - g->n_sent);

		if (n == -EAGAIN)
			return;
		if (n < 0) {
			end(g, NULL, 0, strerror((int) -n));
			return;
		}
		g->n_sent += (size_t) n;
	}
	read_answer(g);
}

/* The first event of the loop, so that @done is never called before ghostwire_ask_new() returns. */
static void on_begin(lws_sorted_usec_list_t *sul)
{
	struct ghostwire_ask *g = lws_container_of(sul, struct ghostwire_ask, timer);
	int rc;

	lws_sul_schedule(
		g->app->lws, 0, &g->timer, on_time_up, GHOSTWIRE_WAIT_SECONDS * LWS_US_PER_SEC);
	if (g->app->resolver.n_addresses == 0)
		(void) resolver_retry(&g->app->resolver, clock_mono_ns());
	rc = connect_next(g);
	if (rc < 0)
		on_unreachable(g, rc);
}

struct ghostwire_ask *ghostwire_ask_new(struct app *a,
	void (*done)(void *ctx, const char *body, size_t len_bytes, const char *why), void *ctx)
{
	struct ghostwire_ask *g = calloc(1, sizeof(*g));
	int n;

	if (!g)
		return NULL;
	g->app = a;
	g->done = done;
	g->ctx = ctx;
	g->peer = (struct proxy_peer){.fd = -1, .wake = on_peer, .ctx = g, .app = a};
	n = snprintf(g->request, sizeof(g->request),
		"GET /mobyshark HTTP/1.0\r\nHost: %s\r\nAccept: application/json\r\n\r\n",
		a->resolver.authority);
	g->request_len_bytes = (size_t) n;
	lws_sul_schedule(a->lws, 0, &g->timer, on_begin, 1);
	return g;
}

void ghostwire_ask_free(struct ghostwire_ask *g)
{
	if (!g)
		return;
	lws_sul_cancel(&g->timer);
	proxy_peer_close(&g->peer);
	free(g->answer);
	free(g);
}
