/* SPDX-License-Identifier: MIT */
#include "service/serve/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "service/serve/proxy_target.h"

#define PIECE_BYTES     65536
#define ASK_SECONDS     10  /* for a request's head to arrive */
#define CONNECT_SECONDS 5   /* for each address of the other service */
#define ANSWER_SECONDS  120 /* for it to answer: a discovery may take long */
#define IDLE_SECONDS    300 /* without a byte either way; not for WebSockets */
#define LINGER_SECONDS  2

static void set_timer(struct proxy *p, int seconds)
{
	lws_set_timer_usecs(p->wsi, (lws_usec_t) seconds * LWS_US_PER_SEC);
}

static void touch(struct proxy *p)
{
	if (!p->answer.is_tunnel)
		set_timer(p, p->state == PROXY_WAITING ? ANSWER_SECONDS : IDLE_SECONDS);
}

static void wake(void *ctx)
{
	struct proxy *p = ctx;

	lws_callback_on_writable(p->wsi);
}

/* Answer ourselves. What the other service could not say has no words (wire contract 1.4). */
static int turn_down(struct proxy *p, int status, const char *why)
{
	proxy_peer_close(&p->peer);
	proxy_buf_done(&p->in);
	proxy_buf_done(&p->up);
	p->state = PROXY_REFUSING;
	set_timer(p, LINGER_SECONDS);
	if (proxy_answer_refuse(&p->ask, status, why, &p->down) < 0)
		return -1;
	(void) lws_rx_flow_control(p->wsi, 1);
	lws_callback_on_writable(p->wsi);
	return 0;
}

static int fail(struct proxy *p, int status, const char *why)
{
	log_warn("discovery service fails name=%s reason=\"%s\"", p->app->resolver.authority, why);
	return turn_down(p, status, NULL);
}

/* Everything is sent. Closing now could take it away from a client that still sends, so wait until
 * it closes; over TLS the end is said in words instead. */
static int finish(struct proxy *p)
{
	if (p->answer.is_tunnel || lws_is_ssl(p->wsi))
		return -1;
	proxy_peer_close(&p->peer);
	(void) shutdown(lws_get_socket_fd(p->wsi), SHUT_WR);
	p->state = PROXY_LINGERING;
	set_timer(p, LINGER_SECONDS);
	return lws_rx_flow_control(p->wsi, 1) ? -1 : 0;
}

/* Send what waits for the other service; the client is read again when that is all. */
static int flush_up(struct proxy *p)
{
	while (p->up.len_bytes > 0) {
		ssize_t n = proxy_peer_write(&p->peer, p->up.p, p->up.len_bytes);

		if (n == -EAGAIN)
			return lws_rx_flow_control(p->wsi, 0) ? -1 : 0;
		if (n < 0) {
			/* it does not want the rest, but may have answered */
			proxy_buf_done(&p->up);
			p->ask.framing = PROXY_BODY_NONE;
			break;
		}
		proxy_buf_drop(&p->up, (size_t) n);
		touch(p);
	}
	/* before the protocol is switched, what a client says could still be another request */
	return lws_rx_flow_control(p->wsi, p->answer.is_tunnel || !p->ask.is_upgrade) ? -1 : 0;
}

/* Take what the client sent after the head. Nothing follows the body: the connection ends with the
 * answer. */
static int take_up(struct proxy *p, const char *data, size_t len_bytes)
{
	uint64_t *left = &p->ask.body_left_bytes;

	if (!p->answer.is_tunnel && p->ask.framing == PROXY_BODY_NONE)
		return 0;
	if (!p->answer.is_tunnel && p->ask.framing == PROXY_BODY_LENGTH) {
		if (len_bytes > *left)
			len_bytes = (size_t) *left;
		*left -= len_bytes;
	}
	return proxy_buf_add(&p->up, data, len_bytes);
}

/* Connect to the next address. When none is left, the name may have others now. */
static int connect_next(struct proxy *p)
{
	struct resolver *r = &p->app->resolver;

	for (;;) {
		proxy_peer_close(&p->peer);
		if (p->n_tried < r->n_addresses) {
			if (proxy_peer_connect(&p->peer, &r->addresses[p->n_tried++]) < 0)
				continue;
			p->state = PROXY_CONNECTING;
			set_timer(p, CONNECT_SECONDS);
			return 0;
		}
		if (p->has_asked_again || !resolver_retry(r, clock_mono_ns()))
			return fail(p, 502, "cannot connect");
		p->has_asked_again = true;
		p->n_tried = 0;
	}
}

/* A request for this service after all, over TLS: libwebsockets gets its bytes from within. */
static int turn_inside(struct proxy *p)
{
	if (proxy_peer_connect_inside(&p->peer) < 0)
		return -1;
	p->up = p->in;
	memset(&p->in, 0, sizeof(p->in));
	p->answer.is_tunnel = true;
	p->state = PROXY_RELAYING;
	touch(p);
	wake(p);
	return flush_up(p);
}

static int ask(struct proxy *p, const char *data, size_t len_bytes)
{
	struct proxy_asker who = {p->app->config, p->app->resolver.authority, p->peer_name};
	enum proxy_judgement judgement;
	int rc;

	if (proxy_buf_add(&p->in, data, len_bytes) < 0)
		return -1;
	judgement = proxy_judge(p->in.p, p->in.len_bytes);
	if (judgement == PROXY_UNDECIDED)
		return 0;
	if (judgement == PROXY_LOCAL)
		return turn_inside(p);
	rc = proxy_ask_take(&who, &p->in, &p->up, &p->ask);
	if (rc == 0)
		return 0;
	p->app->counters.requests++;
	if (rc == -EPERM)
		return turn_down(p, p->ask.status, p->ask.why);
	if (rc < 0 || take_up(p, p->in.p, p->in.len_bytes) < 0)
		return -1;
	proxy_buf_done(&p->in);
	if (lws_rx_flow_control(p->wsi, 0))
		return -1;
	return connect_next(p);
}

static int on_client_data(struct proxy *p, const char *data, size_t len_bytes)
{
	switch (p->state) {
	case PROXY_ASKING:
		return ask(p, data, len_bytes);
	case PROXY_CONNECTING:
	case PROXY_WAITING:
	case PROXY_RELAYING:
		if (take_up(p, data, len_bytes) < 0)
			return -1;
		return p->state == PROXY_CONNECTING ? 0 : flush_up(p);
	case PROXY_REFUSING:
	case PROXY_LINGERING:
	default:
		return 0;
	}
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

/* The head of the answer is there: what follows it is passed on as it is. */
static int begin_relay(struct proxy *p)
{
	p->state = PROXY_RELAYING;
	touch(p);
	if (proxy_buf_add(&p->down, p->in.p, limit(p, p->in.len_bytes)) < 0)
		return -1;
	proxy_buf_done(&p->in);
	return flush_up(p);
}

static int read_answer(struct proxy *p)
{
	char buf[PIECE_BYTES];
	ssize_t n = proxy_peer_read(&p->peer, buf, sizeof(buf));
	int rc;

	if (n == -EAGAIN)
		return 0;
	if (n <= 0 || proxy_buf_add(&p->in, buf, (size_t) n) < 0)
		return fail(p, 502, "no answer");
	rc = proxy_answer_take(&p->ask, &p->in, &p->down, &p->answer);
	if (rc < 0) {
		proxy_buf_done(&p->down);
		return fail(p, 502, "no HTTP answer");
	}
	wake(p);
	return rc == 1 ? begin_relay(p) : 0;
}

/* Send the client a piece of what waits for it. */
static int write_waiting(struct proxy *p)
{
	unsigned char buf[LWS_PRE + PIECE_BYTES];
	size_t n = p->down.len_bytes < PIECE_BYTES ? p->down.len_bytes : PIECE_BYTES;

	memcpy(buf + LWS_PRE, p->down.p, n);
	proxy_buf_drop(&p->down, n);
	if (lws_write(p->wsi, buf + LWS_PRE, n, LWS_WRITE_RAW) < 0)
		return -1;
	wake(p);
	return 0;
}

/* Pass a piece on to the client, which takes it now. */
static int relay(struct proxy *p)
{
	unsigned char buf[LWS_PRE + PIECE_BYTES];
	ssize_t n;

	if (p->answer.has_length && p->answer.left_bytes == 0)
		return finish(p);
	n = proxy_peer_read(&p->peer, buf + LWS_PRE, PIECE_BYTES);
	if (n == -EAGAIN)
		return 0;
	/* an answer that was cut short must not look whole */
	if (n < 0 || (n == 0 && p->answer.has_length))
		return -1;
	if (n == 0)
		return finish(p);
	n = (ssize_t) limit(p, (size_t) n);
	if (lws_write(p->wsi, buf + LWS_PRE, (size_t) n, LWS_WRITE_RAW) < 0)
		return -1;
	touch(p);
	wake(p);
	return 0;
}

static int check_connected(struct proxy *p)
{
	int rc = proxy_peer_state(&p->peer);

	if (rc == -EINPROGRESS)
		return 0;
	if (rc < 0)
		return connect_next(p);
	p->state = PROXY_WAITING;
	touch(p);
	wake(p);
	return flush_up(p);
}

static int on_writable(struct proxy *p)
{
	if (p->down.len_bytes > 0)
		return write_waiting(p);
	switch (p->state) {
	case PROXY_CONNECTING:
		return check_connected(p);
	case PROXY_WAITING:
		return flush_up(p) < 0 ? -1 : read_answer(p);
	case PROXY_RELAYING:
		return flush_up(p) < 0 ? -1 : relay(p);
	case PROXY_REFUSING:
		return finish(p);
	case PROXY_ASKING:
	case PROXY_LINGERING:
	default:
		return 0;
	}
}

static int on_timer(struct proxy *p)
{
	if (p->answer.is_tunnel)
		return 0; /* set before it was one */
	switch (p->state) {
	case PROXY_CONNECTING:
		return connect_next(p);
	case PROXY_WAITING:
		return fail(p, 504, "no answer in time");
	case PROXY_ASKING:
	case PROXY_RELAYING:
	case PROXY_REFUSING:
	case PROXY_LINGERING:
	default:
		return -1;
	}
}

static void name_peer(int fd, char *ret, size_t cap_bytes)
{
	union resolver_address a;
	socklen_t len = sizeof(a);
	const void *addr = &a.v6.sin6_addr;
	int family;

	memset(&a, 0, sizeof(a));
	if (getpeername(fd, &a.sa, &len) < 0)
		a.sa.sa_family = AF_UNSPEC;
	family = a.sa.sa_family;
	if (family == AF_INET) {
		addr = &a.v4.sin_addr;
	} else if (IN6_IS_ADDR_V4MAPPED(&a.v6.sin6_addr)) {
		family = AF_INET;
		addr = a.v6.sin6_addr.s6_addr + 12;
	}
	if (!inet_ntop(family, addr, ret, (socklen_t) cap_bytes))
		(void) snprintf(ret, cap_bytes, "unknown");
}

void proxy_adopt(struct app *a, int fd)
{
	lws_sock_file_fd_type d = {.sockfd = fd};
	struct lws *wsi = lws_adopt_descriptor_vhost(
		a->vhost, LWS_ADOPT_SOCKET | LWS_ADOPT_ALLOW_SSL, d, PROXY_PROTOCOL, NULL);
	struct proxy *p = wsi ? lws_wsi_user(wsi) : NULL;

	if (!p)
		return; /* libwebsockets has closed it */
	p->wsi = wsi;
	p->app = a;
	p->peer = (struct proxy_peer){.fd = -1, .wake = wake, .ctx = p, .app = a};
	name_peer(fd, p->peer_name, sizeof(p->peer_name));
	set_timer(p, ASK_SECONDS);
}

static void release(struct proxy *p)
{
	if (!p->app)
		return;
	proxy_peer_close(&p->peer);
	proxy_buf_done(&p->in);
	proxy_buf_done(&p->up);
	proxy_buf_done(&p->down);
	p->app = NULL;
}

int proxy_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct proxy *p = user;

	switch (reason) {
	case LWS_CALLBACK_RAW_RX:
		/* TLS is done: its time limit must not end the connection */
		lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
		return on_client_data(p, in, len);
	case LWS_CALLBACK_RAW_WRITEABLE:
		return on_writable(p);
	case LWS_CALLBACK_TIMER:
		return on_timer(p);
	case LWS_CALLBACK_RAW_CLOSE:
		release(p);
		return 0;
	default:
		return 0;
	}
}
