/* SPDX-License-Identifier: MIT */
#include "service/proxy/ghostwire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/head.h"
#include "service/proxy/peer.h"

#define READ_BYTES 65536
#define SECOND_NS  1000000000LL

struct ghostwire_ask {
	struct proxy_env *env;
	void (*done)(void *ctx, const char *body, size_t len_bytes, const char *why);
	void *ctx;
	struct peer peer;
	struct resolver_query query;
	bool has_resolved;
	uint32_t n_tried;        /* addresses of the other service */
	struct loop_timer timer; /* for the whole question */
	struct loop_job begin;
	char request[512];
	size_t request_len_bytes, n_sent;
	char *answer; /* owned */
	size_t len_bytes, cap_bytes;
};

static void end(struct ghostwire_ask *g, const char *body, size_t len_bytes, const char *why)
{
	loop_disarm(g->env->loop, &g->timer);
	resolver_cancel(&g->query);
	peer_close(&g->peer);
	g->done(g->ctx, body, len_bytes, why);
}

static void on_time_up(void *ctx)
{
	struct ghostwire_ask *g = ctx;

	end(g, NULL, 0, "the discovery service does not answer");
}

/* Connect to its next address. Returns 0, or why that failed with the last one. */
static int connect_next(struct ghostwire_ask *g)
{
	const struct resolver *r = &g->env->resolver;
	int rc = -EHOSTUNREACH;

	while (g->n_tried < r->n_addresses) {
		rc = peer_connect(&g->peer, &r->addresses[g->n_tried++]);
		if (rc == 0)
			return 0;
	}
	return rc;
}

/* No address works, the last one because of @rc: the name may have others by now. */
static void on_unreachable(struct ghostwire_ask *g, int rc)
{
	char why[128];

	if (connect_next(g) == 0)
		return;
	if (!g->has_resolved && resolver_ask(&g->env->resolver, &g->query) == 0) {
		g->has_resolved = true;
		return;
	}
	(void) snprintf(
		why, sizeof(why), "cannot connect to the discovery service: %s", strerror(-rc));
	end(g, NULL, 0, why);
}

static void on_resolved(void *ctx)
{
	struct ghostwire_ask *g = ctx;
	int rc;

	g->n_tried = 0;
	rc = connect_next(g);
	if (rc < 0)
		on_unreachable(g, rc);
}

/* The answer is whole: its connection has ended. Cut the head off. */
static void on_answer(struct ghostwire_ask *g)
{
	struct http_scan scan = {0};
	struct http_head head;
	uint64_t len_bytes = 0;
	long n = g->answer ? http_head_scan(&scan, g->answer, g->len_bytes) : 0;
	int framing = -EBADMSG;

	if (n > 0 && http_head_parse_answer(g->answer, (size_t) n, &head) == 0)
		framing = http_head_framing(&head, &len_bytes);
	if (framing == HTTP_BODY_TO_END)
		len_bytes = g->len_bytes - (size_t) n;
	/* a request in HTTP/1.0 is not answered in chunks */
	if (framing < 0 || framing == HTTP_BODY_CHUNKED || len_bytes > g->len_bytes - (size_t) n) {
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
				   : peer_read(&g->peer, g->answer + g->len_bytes,
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

static void on_peer(void *ctx, uint32_t events)
{
	struct ghostwire_ask *g = ctx;
	int rc = peer_state(&g->peer);

	(void) events;
	if (rc == -EINPROGRESS)
		return;
	if (rc < 0 && g->n_sent == 0) {
		on_unreachable(g, rc);
		return;
	}
	while (g->n_sent < g->request_len_bytes) {
		ssize_t n = peer_write(
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

/* Begun by a job, so that @done is never called before ghostwire_ask_new() returns. */
static void on_begin(void *ctx)
{
	struct ghostwire_ask *g = ctx;

	loop_arm(g->env->loop, &g->timer, clock_mono_ns() + GHOSTWIRE_WAIT_SECONDS * SECOND_NS);
	on_resolved(g);
}

struct ghostwire_ask *ghostwire_ask_new(struct proxy_env *env,
	void (*done)(void *ctx, const char *body, size_t len_bytes, const char *why), void *ctx)
{
	struct ghostwire_ask *g = calloc(1, sizeof(*g));
	int n;

	if (!g)
		return NULL;
	g->env = env;
	g->done = done;
	g->ctx = ctx;
	peer_init(&g->peer, env->loop, on_peer, g);
	g->query = (struct resolver_query){.fn = on_resolved, .ctx = g};
	g->timer = (struct loop_timer){.fn = on_time_up, .ctx = g};
	g->begin = (struct loop_job){.fn = on_begin, .ctx = g};
	n = snprintf(g->request, sizeof(g->request),
		"GET /mobyshark HTTP/1.0\r\nHost: %s\r\nAccept: application/json\r\n\r\n",
		env->resolver.authority);
	g->request_len_bytes = (size_t) n;
	loop_queue(env->loop, &g->begin);
	return g;
}

void ghostwire_ask_free(struct ghostwire_ask *g)
{
	if (!g)
		return;
	loop_cancel(&g->begin);
	loop_disarm(g->env->loop, &g->timer);
	resolver_cancel(&g->query);
	peer_close(&g->peer);
	free(g->answer);
	free(g);
}
