/* SPDX-License-Identifier: MIT */
#include "service/proxy/proxy_peer.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/own.h"

/* One report is enough: the owner reads and writes when it can. */
static void on_event(void *ctx, uint32_t events)
{
	struct proxy_peer *p = ctx;

	if (events & (EPOLLERR | EPOLLHUP)) {
		p->is_hung_up = true;
		loop_unwatch(p->loop, &p->source);
	} else {
		(void) loop_watch(p->loop, &p->source, p->source.watched & ~events);
	}
	p->wake(p->ctx);
}

/* Have @events reported as well. Returns 0, or a negative errno. */
static int want(struct proxy_peer *p, uint32_t events)
{
	return loop_watch(p->loop, &p->source, p->source.watched | events);
}

void proxy_peer_init(struct proxy_peer *p, struct loop *loop, void (*wake)(void *ctx), void *ctx)
{
	*p = (struct proxy_peer){.loop = loop,
		.source = {.fd = -1, .fn = on_event, .ctx = p},
		.wake = wake,
		.ctx = ctx};
}

int proxy_peer_connect(struct proxy_peer *p, const union resolver_address *to)
{
	socklen_t len = to->sa.sa_family == AF_INET ? sizeof(to->v4) : sizeof(to->v6);
	static const int on = 1;
	int fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	p->source.fd = fd;
	p->is_hung_up = false;
	(void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void) setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (connect(fd, &to->sa, len) < 0 && errno != EINPROGRESS)
		return -errno;
	return want(p, EPOLLOUT);
}

int proxy_peer_state(const struct proxy_peer *p)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr), error_len = sizeof(int);
	int error = 0;

	if (getsockopt(p->source.fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0)
		return -errno;
	if (error)
		return -error;
	if (getpeername(p->source.fd, (struct sockaddr *) &addr, &len) == 0)
		return 0;
	/* hung up, and its error was taken before */
	return !p->is_hung_up && errno == ENOTCONN ? -EINPROGRESS : -ECONNREFUSED;
}

ssize_t proxy_peer_read(struct proxy_peer *p, void *ret, size_t cap_bytes)
{
	ssize_t n = recv(p->source.fd, ret, cap_bytes, MSG_DONTWAIT);
	int rc;

	if (n >= 0)
		return n;
	if (errno != EAGAIN)
		return -errno;
	if (p->is_hung_up)
		return 0;
	rc = want(p, EPOLLIN);
	return rc < 0 ? rc : -EAGAIN;
}

ssize_t proxy_peer_write(struct proxy_peer *p, const void *data, size_t len_bytes)
{
	ssize_t n = send(p->source.fd, data, len_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
	int rc;

	if (n >= 0)
		return n;
	if (errno != EAGAIN || p->is_hung_up)
		return errno == EAGAIN ? -EPIPE : -errno;
	rc = want(p, EPOLLOUT);
	return rc < 0 ? rc : -EAGAIN;
}

void proxy_peer_close(struct proxy_peer *p)
{
	loop_unwatch(p->loop, &p->source);
	close_p(&p->source.fd);
	p->source.fd = -1;
}
