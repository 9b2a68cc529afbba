/* SPDX-License-Identifier: MIT */
#include "service/proxy/relay.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "service/http/buf.h"
#include "service/http/conn.h"
#include "service/proxy/peer.h"
#include "service/proxy/upstream_answer.h"

#define SECOND_NS   1000000000LL
#define PIECE_BYTES 65536
#define TURN_PIECES 4 /* each way, before others have their turn */

enum relay_state {
	RELAY_RESOLVING,  /* name servers are queried */
	RELAY_CONNECTING, /* to one address after the other */
	RELAY_WAITING,    /* for the head of the answer */
	RELAY_ANSWERING,  /* the answer goes out, or bytes go both ways */
	RELAY_DONE,       /* our own answer goes out, or nothing */
};

/* Longest time in a state; that of an answer counts from the last byte either way, and a tunnel has
 * none until the client has ended its side. */
static const int64_t limits_ns[] = {
	[RELAY_RESOLVING] = 0,              /* the resolver has its own */
	[RELAY_CONNECTING] = 5 * SECOND_NS, /* each address */
	[RELAY_WAITING] = 120 * SECOND_NS,
	[RELAY_ANSWERING] = 300 * SECOND_NS,
	[RELAY_DONE] = 0,
};

#define TUNNEL_END_NS (10 * SECOND_NS)

struct relay {
	struct conn *conn; /* borrowed */
	struct proxy_env *env;
	enum relay_state state;
	struct relay_request request;
	struct http_chunked body; /* of the request */
	struct upstream_answer answer;
	struct peer peer;
	struct resolver_query query;
	uint32_t n_tried; /* addresses */
	bool has_resolved;
	bool is_late; /* the timer has fired */
	bool client_ended;
	struct buf in;   /* a head that is not complete */
	struct buf up;   /* waits for the other service; the client is not read meanwhile */
	struct buf down; /* waits for the client; the other service is not read meanwhile */
	struct loop_timer timer;
	struct loop_job again; /* gives the connection another turn */
};

static void set_limit(struct relay *r, int64_t limit_ns)
{
	if (limit_ns > 0)
		loop_arm(r->env->loop, &r->timer, clock_mono_ns() + limit_ns);
	else
		loop_disarm(r->env->loop, &r->timer);
}

static void enter(struct relay *r, enum relay_state state)
{
	r->state = state;
	set_limit(r, r->answer.is_tunnel ? 0 : limits_ns[state]);
}

static void touch(struct relay *r)
{
	if (!r->answer.is_tunnel)
		set_limit(r, limits_ns[r->state]);
}

/* Answer for the other service, which has failed: no words (wire contract 1.4). */
static void fail(struct relay *r, int status, const char *why)
{
	const struct conn_head head = {.status = status};
	const struct conn_body nothing = {.bytes = NULL};

	log_warn("discovery service fails name=%s reason=\"%s\"", r->env->resolver.authority, why);
	peer_close(&r->peer);
	enter(r, RELAY_DONE);
	conn_reply(r->conn, &head, &nothing);
}

/* The answer cannot be completed, and must not look complete. */
static void cut(struct relay *r)
{
	enter(r, RELAY_DONE);
	conn_kill(r->conn);
}

/* Connect to the next address. When none is left, the name may have others by now. */
static void connect_next(struct relay *r)
{
	struct resolver *names = &r->env->resolver;

	while (r->n_tried < names->n_addresses) {
		if (peer_connect(&r->peer, &names->addresses[r->n_tried++]) == 0) {
			enter(r, RELAY_CONNECTING);
			return;
		}
	}
	peer_close(&r->peer);
	if (!r->has_resolved && resolver_ask(names, &r->query) == 0) {
		r->has_resolved = true;
		enter(r, RELAY_RESOLVING);
		return;
	}
	fail(r, 502, "cannot connect");
}

/* How many of @n bytes that the client sent belong to this request? Returns -EBADMSG when its body
 * is malformed. */
static ssize_t body_bytes(struct relay *r, const char *p, size_t n)
{
	struct relay_request *q = &r->request;
	size_t used = n;
	int rc = 0;

	if (r->answer.is_tunnel)
		return (ssize_t) n;
	if (q->framing == HTTP_BODY_CHUNKED) {
		rc = http_chunked_scan(&r->body, p, n, &used);
	} else {
		used = n < q->body_left_bytes ? n : (size_t) q->body_left_bytes;
		q->body_left_bytes -= used;
		rc = q->body_left_bytes == 0;
	}
	if (rc == 1)
		q->framing = HTTP_BODY_NONE; /* nothing follows the body */
	return rc < 0 ? rc : (ssize_t) used;
}

/* Read the client's next bytes into r->up. Returns false when there are none now. */
static bool read_client(struct relay *r)
{
	char buf[PIECE_BYTES];
	ssize_t n;

	if (r->client_ended || (!r->answer.is_tunnel && r->request.framing == HTTP_BODY_NONE))
		return false;
	n = conn_read(r->conn, buf, sizeof(buf));
	if (n == -EAGAIN)
		return false;
	if (n == 0 && r->answer.is_tunnel) {
		r->client_ended = true;
		peer_finish(&r->peer);
		set_limit(r, TUNNEL_END_NS);
		return false;
	}
	if (n > 0)
		n = body_bytes(r, buf, (size_t) n);
	if (n <= 0 || buf_add(&r->up, buf, (size_t) n) < 0) {
		cut(r);
		return false;
	}
	return true;
}

/* Pass on what the client sends. Returns true when there may be more now. */
static bool pump_up(struct relay *r)
{
	for (int i = 0; i < TURN_PIECES; i++) {
		ssize_t n;

		if (r->up.len_bytes == 0 && !read_client(r))
			return false;
		n = peer_write(&r->peer, buf_at(&r->up), r->up.len_bytes);
		if (n == -EAGAIN)
			return false;
		if (n < 0) {
			/* it does not take the rest, but may have answered */
			buf_done(&r->up);
			r->request.framing = HTTP_BODY_NONE;
			return false;
		}
		buf_drop(&r->up, (size_t) n);
		touch(r);
	}
	return true;
}

/* Send what belongs to the answer's body of the @n bytes at @p; what the client does not take now
 * goes into r->down. Returns false when the relay has ended. */
static bool take_body(struct relay *r, const char *p, size_t n)
{
	ssize_t used = upstream_answer_body(&r->answer, p, n), done = 0;

	if (used > 0 && r->down.len_bytes == 0)
		done = conn_write(r->conn, p, (size_t) used);
	if (done == -EAGAIN)
		done = 0;
	if (used < 0 || done < 0 ||
		(done < used && buf_add(&r->down, p + done, (size_t) (used - done)) < 0)) {
		cut(r);
		return false;
	}
	touch(r);
	return true;
}

/* Read the answer's head. Returns false when it has not come. */
static bool read_head(struct relay *r)
{
	char buf[PIECE_BYTES];
	ssize_t n = peer_read(&r->peer, buf, sizeof(buf));
	int rc;

	if (n == -EAGAIN)
		return false;
	if (n <= 0 || buf_add(&r->in, buf, (size_t) n) < 0) {
		fail(r, 502, "no answer");
		return false;
	}
	rc = upstream_answer_head(&r->answer, &r->request, &r->in, &r->down);
	if (rc < 0) {
		buf_done(&r->down);
		fail(r, 502, "no HTTP answer");
		return false;
	}
	if (rc == 0)
		return true;
	enter(r, RELAY_ANSWERING);
	conn_relayed_status(r->conn, r->answer.status);
	if (r->in.len_bytes > 0 && !take_body(r, buf_at(&r->in), r->in.len_bytes))
		return false;
	buf_done(&r->in);
	return true;
}

/* Read a piece of the body. Returns false when there is none now, or the relay has ended. */
static bool read_body(struct relay *r)
{
	char buf[PIECE_BYTES];
	ssize_t n;
	bool is_end = r->answer.is_complete;

	if (!is_end) {
		n = peer_read(&r->peer, buf, sizeof(buf));
		if (n == -EAGAIN)
			return false;
		if (n > 0)
			return take_body(r, buf, (size_t) n);
		is_end = n == 0 && (r->answer.is_tunnel || r->answer.framing == HTTP_BODY_TO_END);
	}
	if (!is_end) {
		cut(r);
		return false;
	}
	enter(r, RELAY_DONE);
	conn_finish(r->conn); /* which frees the relay */
	return false;
}

/* Pass on what the other service sends. Returns true when there may be more now. After it returned
 * false the relay may be gone. */
static bool pump_down(struct relay *r)
{
	for (int i = 0; i < TURN_PIECES; i++) {
		ssize_t n;

		if (r->down.len_bytes == 0) {
			if (r->state == RELAY_WAITING ? !read_head(r) : !read_body(r))
				return false;
			continue;
		}
		n = conn_write(r->conn, buf_at(&r->down), r->down.len_bytes);
		if (n == -EAGAIN)
			return false;
		if (n < 0) {
			cut(r);
			return false;
		}
		buf_drop(&r->down, (size_t) n);
		touch(r);
	}
	return true;
}

static void on_connecting(struct relay *r)
{
	int rc = peer_state(&r->peer);

	if (rc == -EINPROGRESS)
		return;
	if (rc < 0)
		connect_next(r);
	else
		enter(r, RELAY_WAITING);
}

static void on_late(struct relay *r)
{
	r->is_late = false;
	if (r->state == RELAY_CONNECTING)
		connect_next(r);
	else if (r->state == RELAY_WAITING && r->down.len_bytes == 0)
		fail(r, 504, "no answer in time");
	else
		cut(r);
}

/* The connection's turn. */
static void on_ready(void *ctx)
{
	struct relay *r = ctx;
	bool has_more = false;

	if (r->is_late)
		on_late(r);
	if (r->state == RELAY_RESOLVING && !resolver_is_asking(&r->query)) {
		r->n_tried = 0;
		connect_next(r);
	}
	if (r->state == RELAY_CONNECTING)
		on_connecting(r);
	if (r->state != RELAY_WAITING && r->state != RELAY_ANSWERING)
		return;
	has_more = pump_up(r);
	if (r->state == RELAY_DONE)
		return;
	if (has_more)
		loop_queue_bulk(r->env->loop, &r->again);
	if (pump_down(r))
		loop_queue_bulk(r->env->loop, &r->again);
}

static void on_peer(void *ctx, uint32_t events)
{
	struct relay *r = ctx;

	(void) events;
	conn_wake(r->conn);
}

static void wake(void *ctx)
{
	struct relay *r = ctx;

	conn_wake(r->conn);
}

static void on_timer(void *ctx)
{
	struct relay *r = ctx;

	r->is_late = true;
	conn_wake(r->conn);
}

static void relay_free(void *ctx)
{
	struct relay *r = ctx;

	resolver_cancel(&r->query);
	peer_close(&r->peer);
	loop_disarm(r->env->loop, &r->timer);
	loop_cancel(&r->again);
	buf_done(&r->in);
	buf_done(&r->up);
	buf_done(&r->down);
	free(r);
}

static const struct conn_ops relay_ops = {.ready = on_ready, .free = relay_free};

int relay_begin(struct conn *c, struct proxy_env *env, const struct relay_request *request,
	const void *head, size_t len_bytes)
{
	struct relay *r = calloc(1, sizeof(*r));

	if (!r || buf_add(&r->up, head, len_bytes) < 0) {
		free(r);
		return -ENOMEM;
	}
	r->conn = c;
	r->env = env;
	r->request = *request;
	r->query = (struct resolver_query){.fn = wake, .ctx = r};
	r->timer = (struct loop_timer){.fn = on_timer, .ctx = r};
	r->again = (struct loop_job){.fn = wake, .ctx = r};
	peer_init(&r->peer, env->loop, on_peer, r);
	conn_relay(c, &relay_ops, r);
	connect_next(r);
	return 0;
}
