/* SPDX-License-Identifier: MIT */
#include "service/proxy/proxy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "service/http/conn.h"
#include "service/proxy/proxy_answer.h"
#include "service/proxy/proxy_peer.h"
#include "service/proxy/proxy_rewrite.h"

#define PIECE_BYTES     65536
#define TURN_PIECES     4   /* passed on in a row, then others have their turn */
#define CONNECT_SECONDS 5   /* for each address of the other service */
#define ANSWER_SECONDS  120 /* for it to answer: a discovery may take long */
#define IDLE_SECONDS    300 /* without a byte either way; not for WebSockets */
#define SECOND_NS       1000000000LL
#define PEER_NAME_MAX   64

enum proxy_state {
	PROXY_RESOLVING,  /* asks for other addresses of the other service */
	PROXY_CONNECTING, /* to it */
	PROXY_WAITING,    /* for its answer */
	PROXY_RELAYING,   /* the answer goes out, or bytes go both ways */
	PROXY_OVER,       /* the connection is not ours any more */
};

struct proxy {
	struct conn *conn;
	struct proxy_env *env;
	enum proxy_state state;
	struct proxy_ask ask;
	enum http_framing framing; /* of the request's body */
	uint64_t body_left_bytes;  /* of HTTP_BODY_LENGTH */
	struct proxy_peer peer;
	struct loop_timer timer;
	bool is_late, is_resolved;
	uint32_t n_tried;     /* addresses of the other service */
	bool has_asked_again; /* the name servers */
	struct resolver_waiter waiter;
	struct proxy_answer answer;
	struct buf in;   /* the head of the answer, which is not whole yet */
	struct buf up;   /* waits for the other service; meanwhile the client is not read */
	struct buf down; /* waits for the client; meanwhile the other service is not read */
	size_t n_passed; /* bytes in this turn */
};

static void set_timer(struct proxy *p, int seconds)
{
	loop_arm(p->env->loop, &p->timer, clock_mono_ns() + seconds * SECOND_NS);
}

static void touch(struct proxy *p)
{
	if (p->answer.is_tunnel)
		loop_disarm(p->env->loop, &p->timer);
	else
		set_timer(p, p->state == PROXY_WAITING ? ANSWER_SECONDS : IDLE_SECONDS);
}

/* Answer ourselves, in no words: the other service could not say anything (wire contract 1.4). */
static void fail(struct proxy *p, int status, const char *why)
{
	const struct conn_head head = {.status = status};
	const struct conn_body nothing = {.bytes = ""};

	log_warn("discovery service fails name=%s reason=\"%s\"", p->env->resolver.authority, why);
	loop_disarm(p->env->loop, &p->timer);
	proxy_peer_close(&p->peer);
	p->state = PROXY_OVER;
	conn_reply(p->conn, &head, &nothing);
}

static void cut_off(struct proxy *p)
{
	p->state = PROXY_OVER;
	conn_kill(p->conn);
}

/* Everything was passed on. Frees @p. */
static void finish(struct proxy *p)
{
	p->state = PROXY_OVER;
	conn_finish(p->conn);
}

/* Connect to the next address. When none is left, the name may have others now. */
static void connect_next(struct proxy *p)
{
	struct resolver *r = &p->env->resolver;

	proxy_peer_close(&p->peer);
	while (p->n_tried < r->known.n) {
		if (proxy_peer_connect(&p->peer, &r->known.v[p->n_tried++]) == 0) {
			p->state = PROXY_CONNECTING;
			set_timer(p, CONNECT_SECONDS);
			return;
		}
		proxy_peer_close(&p->peer);
	}
	if (p->has_asked_again || !resolver_ask(r, &p->waiter, clock_mono_ns())) {
		fail(p, 502, "cannot connect");
		return;
	}
	loop_disarm(p->env->loop, &p->timer);
	p->has_asked_again = true;
	p->state = PROXY_RESOLVING;
}

static void on_addresses(void *ctx, bool is_new)
{
	struct proxy *p = ctx;

	if (is_new)
		p->n_tried = 0;
	p->is_resolved = true;
	conn_wake(p->conn);
}

/* How much of @cap_bytes may be read from the client: nothing follows the body, as the connection
 * ends with the answer, and before the protocol is switched nothing follows a request for that. */
static size_t wanted(const struct proxy *p, size_t cap_bytes)
{
	if (p->answer.is_tunnel || p->framing == HTTP_BODY_CHUNKED)
		return cap_bytes;
	if (p->framing != HTTP_BODY_LENGTH || p->ask.is_upgrade)
		return 0;
	return p->body_left_bytes < cap_bytes ? (size_t) p->body_left_bytes : cap_bytes;
}

/* Send the other service what waits for it. Returns 1 when that is all, 0 when it takes no more. */
static int flush_up(struct proxy *p)
{
	while (p->up.len_bytes > 0) {
		ssize_t n = proxy_peer_write(&p->peer, buf_at(&p->up), p->up.len_bytes);

		if (n == -EAGAIN)
			return 0;
		if (n < 0) {
			/* it does not want the rest, but may have answered */
			buf_done(&p->up);
			p->framing = HTTP_BODY_NONE;
			return 1;
		}
		buf_drop(&p->up, (size_t) n);
		touch(p);
	}
	return 1;
}

/* Pass on what the client says. Returns 0, or -1 when it is gone. */
static int pump_up(struct proxy *p)
{
	char buf[PIECE_BYTES];

	while (flush_up(p) > 0 && p->n_passed < TURN_PIECES * PIECE_BYTES) {
		size_t cap = wanted(p, sizeof(buf));
		ssize_t n = cap > 0 ? conn_read(p->conn, buf, cap) : -EAGAIN;

		if (n == -EAGAIN)
			return 0;
		if (n <= 0)
			return -1;
		if (p->framing == HTTP_BODY_LENGTH && !p->answer.is_tunnel)
			p->body_left_bytes -= (size_t) n;
		p->n_passed += (size_t) n;
		if (buf_add(&p->up, buf, (size_t) n) < 0)
			return -1;
	}
	return 0;
}

/* Keep no more of the answer's body than it has. */
static size_t limit(struct proxy *p, size_t len_bytes)
{
	struct proxy_answer *a = &p->answer;

	if (!a->has_length)
		return len_bytes;
	if (len_bytes > a->left_bytes)
		len_bytes = (size_t) a->left_bytes;
	a->left_bytes -= len_bytes;
	return len_bytes;
}

/* Send the client what waits for it. Returns 1 when that is all, 0 when it takes no more, -1 when
 * it is gone. */
static int flush_down(struct proxy *p)
{
	while (p->down.len_bytes > 0) {
		ssize_t n = conn_write(p->conn, buf_at(&p->down), p->down.len_bytes);

		if (n == -EAGAIN)
			return 0;
		if (n < 0)
			return -1;
		buf_drop(&p->down, (size_t) n);
		touch(p);
	}
	return 1;
}

/* Pass on what the other service says. Returns 0, or -1 when the connection is over. */
static int pump_down(struct proxy *p)
{
	char buf[PIECE_BYTES];
	int rc;

	while ((rc = flush_down(p)) > 0 && p->n_passed < TURN_PIECES * PIECE_BYTES) {
		bool is_whole = p->answer.has_length && p->answer.left_bytes == 0;
		ssize_t n = is_whole ? 0 : proxy_peer_read(&p->peer, buf, sizeof(buf));

		if (n == -EAGAIN)
			return 0;
		if (n == 0 && (is_whole || !p->answer.has_length)) {
			finish(p);
			return -1;
		}
		/* an answer that was cut short must not look whole */
		if (n <= 0 || buf_add(&p->down, buf, limit(p, (size_t) n)) < 0) {
			cut_off(p);
			return -1;
		}
		p->n_passed += (size_t) n;
	}
	if (rc < 0)
		cut_off(p);
	return rc < 0 ? -1 : 0;
}

/* Read the head of the answer. */
static void read_answer(struct proxy *p)
{
	char *to = buf_room(&p->in, PIECE_BYTES);
	ssize_t n = to ? proxy_peer_read(&p->peer, to, PIECE_BYTES) : -ENOMEM;
	int rc;

	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		fail(p, 502, "no answer");
		return;
	}
	p->in.len_bytes += (size_t) n;
	rc = proxy_answer_take(&p->ask, &p->in, &p->down, &p->answer);
	if (rc < 0) {
		buf_done(&p->down);
		fail(p, 502, "no HTTP answer");
		return;
	}
	if (rc == 1) {
		/* what follows the head is passed on as it is */
		p->state = PROXY_RELAYING;
		if (buf_add(&p->down, p->in.len_bytes ? buf_at(&p->in) : "",
			    limit(p, p->in.len_bytes)) < 0)
			cut_off(p);
		buf_done(&p->in);
		touch(p);
	}
	conn_wake(p->conn);
}

static void check_connected(struct proxy *p)
{
	int rc = proxy_peer_state(&p->peer);

	if (rc == -EINPROGRESS)
		return;
	if (rc < 0) {
		connect_next(p);
		return;
	}
	p->state = PROXY_WAITING;
	touch(p);
}

static void on_late(struct proxy *p)
{
	p->is_late = false;
	if (p->state == PROXY_CONNECTING)
		connect_next(p);
	else if (p->state == PROXY_WAITING)
		fail(p, 504, "no answer in time");
	else
		cut_off(p);
}

/* The connection has its turn. */
static void on_ready(void *ctx)
{
	struct proxy *p = ctx;

	if (p->state == PROXY_OVER)
		return;
	p->n_passed = 0;
	if (p->is_late)
		on_late(p);
	if (p->state == PROXY_RESOLVING && p->is_resolved)
		connect_next(p);
	if (p->state == PROXY_CONNECTING)
		check_connected(p);
	if (p->state != PROXY_WAITING && p->state != PROXY_RELAYING)
		return;
	if (pump_up(p) < 0) {
		cut_off(p);
		return;
	}
	if (p->state == PROXY_WAITING)
		read_answer(p);
	else if (pump_down(p) < 0)
		return;
	if (p->n_passed >= TURN_PIECES * PIECE_BYTES)
		conn_wake(p->conn);
}

static void wake(void *ctx)
{
	struct proxy *p = ctx;

	conn_wake(p->conn);
}

static void on_timer(void *ctx)
{
	struct proxy *p = ctx;

	p->is_late = true;
	conn_wake(p->conn);
}

static void proxy_free(void *ctx)
{
	struct proxy *p = ctx;

	loop_disarm(p->env->loop, &p->timer);
	resolver_cancel(&p->waiter);
	proxy_peer_close(&p->peer);
	buf_done(&p->in);
	buf_done(&p->up);
	buf_done(&p->down);
	free(p);
}

static const struct conn_ops ops = {.ready = on_ready, .free = proxy_free};

/* Put the head that the other service gets into p->up. */
static int put_request(struct proxy *p, const struct http_head *h)
{
	struct wbuf w = {.cap_bytes = HTTP_HEAD_MAX + PROXY_REWRITE_MORE_BYTES};
	struct proxy_rewrite r = {p->env->resolver.authority, NULL, p->env->hides_token};
	char peer[PEER_NAME_MAX];

	conn_peer_name(p->conn, peer, sizeof(peer));
	r.peer = peer;
	w.p = malloc(w.cap_bytes);
	if (!w.p)
		return -ENOMEM;
	proxy_rewrite_request(h, &r, &w);
	if (!w.failed && buf_add(&p->up, w.p, w.len_bytes) < 0)
		w.failed = true;
	free(w.p);
	return w.failed ? -ENOMEM : 0;
}

/* Can the request be passed on? Returns NULL, or words. */
static const char *describe(struct proxy *p, const struct http_head *h)
{
	int framing = http_head_framing(h, &p->body_left_bytes);

	p->ask = (struct proxy_ask){
		proxy_wants_upgrade(h), http_slice_is(h->method, "HEAD"), h->is_http10};
	if (framing < 0)
		return "the length of the body is not clear";
	p->framing = (enum http_framing) framing;
	if (p->ask.is_upgrade && framing != HTTP_BODY_NONE)
		return "an upgrade has no body";
	return NULL;
}

void proxy_begin(struct conn *c, struct proxy_env *env)
{
	const struct http_request *r = conn_request(c);
	struct proxy *p = calloc(1, sizeof(*p));
	const char *why;

	if (!p) {
		conn_error(c, 503, "out of memory");
		return;
	}
	p->conn = c;
	p->env = env;
	p->timer = (struct loop_timer){.fn = on_timer, .ctx = p};
	p->waiter = (struct resolver_waiter){.done = on_addresses, .ctx = p};
	proxy_peer_init(&p->peer, env->loop, wake, p);
	why = describe(p, r->head);
	if (!why && put_request(p, r->head) < 0)
		why = "out of memory";
	if (why) {
		proxy_free(p);
		conn_error(c, 400, why);
		return;
	}
	conn_relay(c, &ops, p);
	connect_next(p);
}

void proxy_env_init(
	struct proxy_env *env, struct loop *loop, const char *name, uint16_t port, bool hides_token)
{
	env->loop = loop;
	env->hides_token = hides_token;
	resolver_init(&env->resolver, loop, name, port);
}

void proxy_env_done(struct proxy_env *env)
{
	resolver_done(&env->resolver);
}
