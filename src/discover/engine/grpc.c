/* SPDX-License-Identifier: MIT */
#include "discover/engine/grpc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"

#define READ_BYTES 65536
#define SECOND_NS  1000000000

struct grpc {
	struct loop *loop;
	struct grpc_session *session;
	struct loop_source src; /* src.fd: owned, -1 = broken */
	struct loop_timer timer;
	const uint8_t *out; /* the session's bytes that wait to be sent */
	size_t out_bytes;
	int64_t second_began_ns; /* see GRPC_UNASKED_MAX */
	size_t unasked_bytes;
	bool calling; /* functions of ended calls are being called */
	bool closed;  /* free it after that */
};

static void disconnect(struct grpc *g)
{
	if (g->src.fd < 0)
		return;
	loop_unwatch(g->loop, &g->src);
	close_p(&g->src.fd);
	g->src.fd = -1;
}

static void give_up(struct grpc *g)
{
	disconnect(g);
	grpc_session_end(g->session, -EIO);
}

static void free_now(struct grpc *g)
{
	disconnect(g);
	loop_disarm(g->loop, &g->timer);
	grpc_session_free(g->session);
	free(g);
}

/* Send what there is to send, as far as the socket takes it. Returns 0, 1 when it takes no more for
 * now, or a negative errno. */
static int flush(struct grpc *g)
{
	for (;;) {
		ssize_t n;

		if (g->out_bytes == 0) {
			n = grpc_session_pull(g->session, &g->out);
			if (n <= 0)
				return (int) n;
			g->out_bytes = (size_t) n;
		}
		n = send(g->src.fd, g->out, g->out_bytes, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 1 : -errno;
		g->out += n;
		g->out_bytes -= (size_t) n;
	}
}

/* Tell of ended calls, then wait for what comes next. */
static void settle(struct grpc *g)
{
	struct grpc_done d;
	int64_t at_ns;
	int rc;

	g->calling = true;
	while (!g->closed && grpc_session_take_done(g->session, &d))
		d.fn(d.ctx, d.result);
	g->calling = false;
	if (g->closed) {
		free_now(g);
		return;
	}
	if (g->src.fd >= 0) {
		rc = flush(g);
		if (rc >= 0)
			rc = loop_watch(g->loop, &g->src, rc > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
		if (rc < 0) {
			give_up(g);
			loop_arm(g->loop, &g->timer, clock_mono_ns());
			return;
		}
	}
	at_ns = grpc_session_deadline(g->session);
	if (at_ns < INT64_MAX)
		loop_arm(g->loop, &g->timer, at_ns);
	else
		loop_disarm(g->loop, &g->timer);
}

/* False when the other side sends without being asked, and too much of it. */
static bool is_bearable(struct grpc *g, size_t len_bytes)
{
	int64_t now_ns = clock_mono_ns();

	if (grpc_session_deadline(g->session) < INT64_MAX)
		return true;
	if (now_ns - g->second_began_ns > SECOND_NS) {
		g->second_began_ns = now_ns;
		g->unasked_bytes = 0;
	}
	g->unasked_bytes += len_bytes;
	return g->unasked_bytes <= GRPC_UNASKED_MAX;
}

static void on_socket(void *ctx, uint32_t events)
{
	struct grpc *g = ctx;
	uint8_t buf[READ_BYTES];
	ssize_t n = -1;

	errno = EAGAIN;
	if (events & ~(uint32_t) EPOLLOUT)
		n = recv(g->src.fd, buf, sizeof(buf), 0);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ||
		(n > 0 && (!is_bearable(g, (size_t) n) ||
				  grpc_session_feed(g->session, buf, (size_t) n) < 0)))
		give_up(g);
	settle(g);
}

static void on_timer(void *ctx)
{
	struct grpc *g = ctx;

	grpc_session_expire(g->session, clock_mono_ns());
	settle(g);
}

static int connect_to(int socket_fd)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	/* reaches sockets at any depth: the path itself may be longer than an address holds */
	(void) snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d", socket_fd);
	if (fd < 0 || connect(fd, (struct sockaddr *) &a, sizeof(a)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

struct grpc *grpc_open(struct loop *loop, int socket_fd)
{
	struct grpc *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->loop = loop;
	g->timer = (struct loop_timer){.fn = on_timer, .ctx = g};
	g->session = grpc_session_new();
	g->src = (struct loop_source){.fd = -1, .fn = on_socket, .ctx = g};
	if (g->session)
		g->src.fd = connect_to(socket_fd);
	if (g->src.fd < 0 || loop_watch(loop, &g->src, EPOLLIN | EPOLLOUT) < 0) {
		free_now(g);
		return NULL;
	}
	return g;
}

void grpc_close(struct grpc *g)
{
	if (!g)
		return;
	disconnect(g);
	g->closed = true;
	if (!g->calling)
		free_now(g);
}

struct grpc_call *grpc_start(struct grpc *g, const struct grpc_ask *ask)
{
	struct grpc_call *c = grpc_session_start(g->session, ask, clock_mono_ns());

	if (!c)
		return NULL;
	if (g->src.fd < 0)
		grpc_session_end(g->session, -EIO);
	/* settle() sends it, or says that it cannot be sent */
	if (!g->calling)
		loop_arm(g->loop, &g->timer, clock_mono_ns());
	return c;
}

void grpc_cancel(struct grpc *g, struct grpc_call *c)
{
	if (g)
		grpc_session_cancel(g->session, c);
}

bool grpc_is_broken(const struct grpc *g)
{
	return g->src.fd < 0;
}
