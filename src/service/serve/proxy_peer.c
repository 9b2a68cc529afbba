/* SPDX-License-Identifier: MIT */
#include "service/serve/proxy_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/own.h"

/* A copy of the descriptor is watched, as it is closed with the watching connection: that happens
 * when the other side has hung up, and then there may still be something to read. */
static int watch(struct proxy_peer *p)
{
	lws_sock_file_fd_type d;
	struct proxy_peer **user;

	d.filefd = fcntl(p->fd, F_DUPFD_CLOEXEC, 0);
	if (d.filefd < 0)
		return -errno;
	p->watch = lws_adopt_descriptor_vhost(
		p->app->vhost, LWS_ADOPT_RAW_FILE_DESC, d, PROXY_PEER_PROTOCOL, NULL);
	if (!p->watch)
		return -ENOMEM; /* libwebsockets has closed it */
	p->app->n_watched++;    /* no client */
	user = lws_wsi_user(p->watch);
	*user = p;
	/* nobody waits yet to read */
	return lws_rx_flow_control(p->watch, 0) ? -ENOMEM : 0;
}

int proxy_peer_connect(struct proxy_peer *p, const union resolver_address *to)
{
	socklen_t len = to->sa.sa_family == AF_INET ? sizeof(to->v4) : sizeof(to->v6);
	static const int on = 1;
	int rc;

	p->fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->fd < 0)
		return -errno;
	(void) setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void) setsockopt(p->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (connect(p->fd, &to->sa, len) < 0 && errno != EINPROGRESS)
		return -errno;
	rc = watch(p);
	if (rc == 0)
		lws_callback_on_writable(p->watch);
	return rc;
}

int proxy_peer_connect_inside(struct proxy_peer *p)
{
	lws_sock_file_fd_type d;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -errno;
	p->fd = pair[0];
	d.sockfd = pair[1];
	/* without LWS_ADOPT_ALLOW_SSL: TLS ends at the client's connection */
	if (!lws_adopt_descriptor_vhost(
		    p->app->vhost, LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP, d, NULL, NULL))
		return -ENOMEM;
	return watch(p);
}

int proxy_peer_state(const struct proxy_peer *p)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr), error_len = sizeof(int);
	int error = 0;

	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0)
		return -errno;
	if (error)
		return -error;
	if (getpeername(p->fd, (struct sockaddr *) &addr, &len) == 0)
		return 0;
	/* hung up, and its error was taken before */
	return p->watch && errno == ENOTCONN ? -EINPROGRESS : -ECONNREFUSED;
}

ssize_t proxy_peer_read(struct proxy_peer *p, void *ret, size_t cap_bytes)
{
	ssize_t n = recv(p->fd, ret, cap_bytes, MSG_DONTWAIT);

	if (n >= 0)
		return n;
	if (errno != EAGAIN)
		return -errno;
	if (!p->watch)
		return 0;
	(void) lws_rx_flow_control(p->watch, 1);
	return -EAGAIN;
}

ssize_t proxy_peer_write(struct proxy_peer *p, const void *data, size_t len_bytes)
{
	ssize_t n = send(p->fd, data, len_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0)
		return n;
	if (errno != EAGAIN || !p->watch)
		return errno == EAGAIN ? -EPIPE : -errno;
	lws_callback_on_writable(p->watch);
	return -EAGAIN;
}

void proxy_peer_close(struct proxy_peer *p)
{
	if (p->watch) {
		struct proxy_peer **user = lws_wsi_user(p->watch);

		*user = NULL;
		lws_set_timeout(p->watch, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
		p->watch = NULL;
	}
	if (p->fd >= 0)
		(void) shutdown(p->fd, SHUT_RDWR); /* its copy lives a moment longer */
	close_p(&p->fd);
	p->fd = -1;
}

int proxy_peer_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct proxy_peer **kept = user, *p = kept ? *kept : NULL;

	(void) in;
	(void) len;
	switch (reason) {
	case LWS_CALLBACK_RAW_CLOSE_FILE:
		app_of(wsi)->n_watched--;
		if (p)
			p->watch = NULL;
		break;
	case LWS_CALLBACK_RAW_RX_FILE:
		/* one report is enough: its owner reads when it can */
		(void) lws_rx_flow_control(wsi, 0);
		break;
	case LWS_CALLBACK_RAW_WRITEABLE_FILE:
		break;
	default:
		return 0;
	}
	if (p)
		p->wake(p->ctx);
	return 0;
}
