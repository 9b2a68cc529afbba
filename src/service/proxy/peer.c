/* SPDX-License-Identifier: MIT */
#include "service/proxy/peer.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/own.h"

void peer_init(
	struct peer *p, struct loop *loop, void (*wake)(void *ctx, uint32_t events), void *ctx)
{
	p->loop = loop;
	p->source = (struct loop_source){.fd = -1, .fn = wake, .ctx = ctx};
}

int peer_connect(struct peer *p, const union resolver_address *to)
{
	socklen_t len = to->sa.sa_family == AF_INET ? sizeof(to->v4) : sizeof(to->v6);
	static const int on = 1;
	AUTO_CLOSE int fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc;

	if (fd < 0)
		return -errno;
	peer_close(p);
	(void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void) setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (connect(fd, &to->sa, len) < 0 && errno != EINPROGRESS)
		return -errno;
	p->source.fd = fd;
	rc = loop_watch(p->loop, &p->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
	if (rc < 0)
		p->source.fd = -1;
	else
		(void) TAKE_FD(fd);
	return rc;
}

int peer_state(const struct peer *p)
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
	return errno == ENOTCONN ? -EINPROGRESS : -errno;
}

ssize_t peer_read(struct peer *p, void *ret, size_t cap_bytes)
{
	ssize_t n = recv(p->source.fd, ret, cap_bytes, MSG_DONTWAIT);

	return n < 0 ? -errno : n;
}

ssize_t peer_write(struct peer *p, const void *data, size_t len_bytes)
{
	ssize_t n = send(p->source.fd, data, len_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);

	return n < 0 ? -errno : n;
}

void peer_finish(struct peer *p)
{
	(void) shutdown(p->source.fd, SHUT_WR);
}

void peer_close(struct peer *p)
{
	loop_unwatch(p->loop, &p->source);
	close_p(&p->source.fd);
	p->source.fd = -1;
}
