/* SPDX-License-Identifier: MIT */
#include "service/http/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "service/http/conn_state.h"

#define SECOND_NS 1000000000LL

static enum conn_step step_handshake(struct conn *c);
static enum conn_step step_idle(struct conn *c);
static enum conn_step step_waiting(struct conn *c);
static enum conn_step step_relayed(struct conn *c);
static enum conn_step step_closing(struct conn *c);

/* The machine. A state is left by its step or ends with its deadline, which counts from its
 * beginning and, where @is_renewed, from the last byte that went out. A stream has one while the
 * client takes nothing of what waits; a handler answers in its own time. */
static const struct {
	const char *name;
	enum conn_step (*step)(struct conn *c);
	int64_t limit_ns; /* 0 = none */
	bool is_renewed;
	enum conn_class class;
} states[CONN_STATES] = {
	[CONN_HANDSHAKE] = {"tls-handshake", step_handshake, 10 * SECOND_NS, false,
		CONN_CLASS_HALF},
	[CONN_IDLE] = {"idle", step_idle, 30 * SECOND_NS, false, CONN_CLASS_IDLE},
	[CONN_HEAD] = {"head", conn_step_head, 10 * SECOND_NS, false, CONN_CLASS_HALF},
	[CONN_WAITING] = {"waiting", step_waiting, 600 * SECOND_NS, false, CONN_CLASS_BUSY},
	[CONN_ANSWER] = {"answer", conn_step_answer, 30 * SECOND_NS, true, CONN_CLASS_BUSY},
	[CONN_STREAM] = {"stream", conn_step_stream, 120 * SECOND_NS, true, CONN_CLASS_BUSY},
	[CONN_UPGRADED] = {"upgraded", conn_step_upgraded, 120 * SECOND_NS, true, CONN_CLASS_BUSY},
	[CONN_RELAYED] = {"relayed", step_relayed, 0, false, CONN_CLASS_BUSY},
	[CONN_CLOSING] = {"closing", step_closing, 2 * SECOND_NS, false, CONN_CLASS_BUSY},
};

void conn_touch(struct conn *c)
{
	int64_t limit_ns = states[c->state].limit_ns;

	if (limit_ns > 0)
		loop_arm(c->env->loop, &c->deadline, clock_mono_ns() + limit_ns);
	else
		loop_disarm(c->env->loop, &c->deadline);
}

void conn_limit(struct conn *c, int64_t limit_ns)
{
	c->is_limited = true;
	loop_arm(c->env->loop, &c->deadline, clock_mono_ns() + limit_ns);
}

void conn_count(struct conn *c)
{
	c->env->heads_bytes += c->in.cap_bytes - c->counted_bytes;
	c->counted_bytes = c->in.cap_bytes;
}

void conn_enter(struct conn *c, enum conn_state state)
{
	c->state = state;
	c->is_limited = false;
	if (states[state].class != c->place.class) {
		conn_set_remove(&c->env->conns, &c->place);
		c->place.class = states[state].class;
		c->place.since_ns = clock_mono_ns();
		conn_set_add(&c->env->conns, &c->place);
	}
	conn_count(c);
	conn_touch(c);
}

void conn_release(struct conn *c)
{
	const struct conn_ops *ops = c->ops;
	struct conn_body body = c->body;

	c->ops = NULL;
	c->body = (struct conn_body){0};
	c->is_woken = false;
	if (body.free)
		body.free(body.ctx);
	if (ops)
		ops->free(c->ctx);
}

void conn_free(struct conn *c)
{
	struct http_env *env = c->env;

	loop_unwatch(env->loop, &c->source);
	loop_disarm(env->loop, &c->deadline);
	loop_cancel(&c->job);
	conn_set_remove(&env->conns, &c->place);
	log_debug("connection ends fd=%d state=%s", c->transport.fd, states[c->state].name);
	request_log_end(&c->log, c->status, c->n_sent, c->began_ns);
	conn_release(c);
	conn_websocket_free(c);
	buf_done(&c->in);
	buf_done(&c->out);
	conn_count(c);
	transport_close(&c->transport);
	free(c);
}

ssize_t conn_read_socket(struct conn *c, void *ret, size_t cap_bytes)
{
	ssize_t n = transport_read(&c->transport, ret, cap_bytes);

	/* fewer bytes than there was room for are all that there are, unless the end follows */
	if (n == -EAGAIN || (n > 0 && (size_t) n < cap_bytes && !c->transport.ssl && !c->is_half))
		c->may_read = false;
	return n;
}

static enum conn_step step_handshake(struct conn *c)
{
	int rc = transport_handshake(&c->transport);

	if (rc == -EAGAIN) {
		/* whichever way it is blocked, an edge comes */
		c->may_read = false;
		c->is_blocked = true;
		return CONN_PAUSE;
	}
	if (rc < 0)
		return CONN_GONE;
	c->is_blocked = false;
	c->may_read = true;
	conn_enter(c, CONN_HEAD);
	return CONN_AGAIN;
}

static enum conn_step step_idle(struct conn *c)
{
	if (!c->may_read && c->in.len_bytes == 0)
		return CONN_PAUSE;
	conn_enter(c, CONN_HEAD);
	return CONN_AGAIN;
}

static enum conn_step step_waiting(struct conn *c)
{
	if (!c->is_woken || !c->ops)
		return CONN_PAUSE;
	c->is_woken = false;
	c->ops->ready(c->ctx);
	return c->state == CONN_WAITING ? CONN_PAUSE : CONN_AGAIN;
}

static enum conn_step step_relayed(struct conn *c)
{
	c->is_woken = false;
	if (c->ops)
		c->ops->ready(c->ctx);
	return c->state == CONN_RELAYED ? CONN_PAUSE : CONN_AGAIN;
}

/* Closing while the client still sends would take the answer away from it. */
static enum conn_step step_closing(struct conn *c)
{
	char buf[4096];
	ssize_t n = 1;

	if (c->out.len_bytes > 0 || c->transport.held_bytes > 0)
		return conn_step_answer(c);
	for (int i = 0; i < 64 && c->may_read; i++) {
		n = conn_read_socket(c, buf, sizeof(buf));
		if (n <= 0 && n != -EAGAIN)
			return CONN_GONE;
	}
	return c->may_read ? CONN_YIELD : CONN_PAUSE;
}

enum conn_step conn_answered(struct conn *c)
{
	bool goes_on = c->is_persistent && !c->env->is_ending;

	request_log_end(&c->log, c->status, c->n_sent, c->began_ns);
	conn_release(c);
	c->is_chunked = c->has_ended = c->is_cut = false;
	if (goes_on) {
		conn_enter(c, c->in.len_bytes > 0 ? CONN_HEAD : CONN_IDLE);
		return CONN_AGAIN;
	}
	transport_finish(&c->transport);
	conn_enter(c, CONN_CLOSING);
	return CONN_AGAIN;
}

/* A turn: steps until one says that this is enough. */
static void run(void *ctx)
{
	struct conn *c = ctx;
	enum conn_step step = CONN_AGAIN;

	c->is_running = true;
	while (step == CONN_AGAIN)
		step = c->is_killed ? CONN_GONE : states[c->state].step(c);
	c->is_running = false;
	if (step == CONN_GONE || c->is_killed)
		conn_free(c);
	else if (step == CONN_YIELD || (c->is_woken && !c->is_blocked))
		loop_queue_bulk(c->env->loop, &c->job);
}

/* Streams have their turn after everything else. */
static void give_turn(struct conn *c)
{
	if (c->is_running)
		return;
	if (c->state == CONN_STREAM || c->state == CONN_UPGRADED || c->state == CONN_RELAYED)
		loop_queue_bulk(c->env->loop, &c->job);
	else
		loop_queue(c->env->loop, &c->job);
}

/* The socket is watched for edges, so each is kept until it is used up. */
static void on_event(void *ctx, uint32_t events)
{
	struct conn *c = ctx;
	bool is_news = false;

	if (events & (EPOLLERR | EPOLLHUP)) {
		conn_kill(c);
		return;
	}
	if (events & EPOLLRDHUP)
		c->is_half = true;
	if (events & (EPOLLIN | EPOLLRDHUP)) {
		is_news = !c->may_read || c->is_half;
		c->may_read = true;
	}
	if ((events & EPOLLOUT) && c->is_blocked) {
		c->is_blocked = false;
		is_news = true;
	}
	if (is_news)
		give_turn(c);
}

static void on_deadline(void *ctx)
{
	struct conn *c = ctx;
	/* a stream without anything to send is not late */
	bool is_idle = (c->state == CONN_STREAM || c->state == CONN_UPGRADED) && !c->is_blocked;

	if (states[c->state].is_renewed && !c->is_limited &&
		(is_idle || c->n_sent != c->n_checked)) {
		c->n_checked = c->n_sent;
		conn_touch(c);
		return;
	}
	log_debug("connection is too slow fd=%d state=%s", c->transport.fd, states[c->state].name);
	if (c->ops && c->ops->stuck && c->is_blocked)
		c->ops->stuck(c->ctx);
	conn_free(c);
}

int conn_open(struct http_env *env, int fd, const struct conn_peer *peer, bool is_reserve)
{
	struct conn *c = calloc(1, sizeof(*c));
	int rc;

	if (!c) {
		(void) close(fd);
		return -ENOMEM;
	}
	rc = transport_open(&c->transport, fd, env->tls);
	if (rc < 0) {
		free(c);
		return rc;
	}
	c->env = env;
	c->is_reserve = is_reserve;
	c->began_ns = clock_mono_ns();
	c->place = (struct conn_place){
		.conn = c, .peer = *peer, .class = CONN_CLASS_HALF, .since_ns = c->began_ns};
	c->source = (struct loop_source){.fd = fd, .fn = on_event, .ctx = c};
	c->deadline = (struct loop_timer){.fn = on_deadline, .ctx = c};
	c->job = (struct loop_job){.fn = run, .ctx = c};
	conn_set_add(&env->conns, &c->place);
	conn_enter(c, env->tls ? CONN_HANDSHAKE : CONN_HEAD);
	rc = loop_watch(env->loop, &c->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
	if (rc < 0) {
		conn_free(c);
		return rc;
	}
	return 0;
}

int conn_fd(const struct conn *c)
{
	return c->transport.fd;
}

const struct http_request *conn_request(const struct conn *c)
{
	return c->request;
}

void conn_wake(struct conn *c)
{
	if (c->is_woken)
		return;
	c->is_woken = true;
	/* what waits for the socket has its turn when that takes more */
	if (!c->is_blocked || c->state == CONN_WAITING || c->state == CONN_RELAYED)
		give_turn(c);
}

void conn_kill(struct conn *c)
{
	c->is_killed = true;
	if (!c->is_running)
		loop_queue(c->env->loop, &c->job);
}

ssize_t conn_read(struct conn *c, void *ret, size_t cap_bytes)
{
	ssize_t n = (ssize_t) c->in.len_bytes;

	if (n > 0) {
		n = (size_t) n < cap_bytes ? n : (ssize_t) cap_bytes;
		memcpy(ret, buf_at(&c->in), (size_t) n);
		buf_drop(&c->in, (size_t) n);
		return n;
	}
	if (!c->may_read)
		return -EAGAIN;
	return conn_read_socket(c, ret, cap_bytes);
}

ssize_t conn_write(struct conn *c, const void *p, size_t len_bytes)
{
	struct iovec v = {(void *) p, len_bytes};
	size_t taken = 0;
	enum conn_step step;

	if (c->is_blocked)
		return -EAGAIN;
	step = conn_send(c, &v, 1, &taken);
	if (step == CONN_GONE)
		return -EPIPE;
	return taken > 0 || len_bytes == 0 ? (ssize_t) taken : -EAGAIN;
}

void conn_finish(struct conn *c)
{
	c->is_persistent = false;
	if (c->state != CONN_RELAYED)
		return;
	(void) conn_answered(c);
	if (!c->is_running)
		give_turn(c);
}

void conn_peer_name(const struct conn *c, char *ret, size_t cap_bytes)
{
	struct sockaddr_in6 a = {.sin6_family = AF_UNSPEC};
	socklen_t len = sizeof(a);
	const void *addr = &a.sin6_addr;
	int family;

	if (getpeername(c->transport.fd, (struct sockaddr *) &a, &len) < 0)
		a.sin6_family = AF_UNSPEC;
	family = a.sin6_family;
	if (family == AF_INET) {
		addr = &((const struct sockaddr_in *) (const void *) &a)->sin_addr;
	} else if (family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&a.sin6_addr)) {
		family = AF_INET;
		addr = a.sin6_addr.s6_addr + 12;
	}
	if (!inet_ntop(family, addr, ret, (socklen_t) cap_bytes))
		(void) snprintf(ret, cap_bytes, "unknown");
}
