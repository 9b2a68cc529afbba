/* SPDX-License-Identifier: MIT */
#include "service/http/server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "service/http/conn_state.h"

#define ACCEPT_BURST   32 /* connections taken at a time, then others have their turn */
#define KEEPALIVE_S    60 /* a peer that says nothing is probed */
#define PROBE_S        15
#define PROBES         4
#define NETWORK_BYTES6 8 /* of an IPv6 address that tell peers apart */

static void peer_of(const struct sockaddr_storage *addr, struct conn_peer *ret)
{
	const struct sockaddr_in *v4 = (const void *) addr;
	const struct sockaddr_in6 *v6 = (const void *) addr;

	memset(ret, 0, sizeof(*ret));
	if (addr->ss_family == AF_INET) {
		ret->family = 4;
		memcpy(ret->bytes, &v4->sin_addr, 4);
	} else if (addr->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		ret->family = 4;
		memcpy(ret->bytes, v6->sin6_addr.s6_addr + 12, 4);
	} else if (addr->ss_family == AF_INET6) {
		ret->family = 6;
		memcpy(ret->bytes, &v6->sin6_addr, NETWORK_BYTES6);
	}
}

static void evict(struct server *s, struct conn *c)
{
	s->env.counters.evicted_connections++;
	conn_free(c);
}

/* One more of @peer begins: it must not have too many. */
static void limit_peer(struct server *s, const struct conn_peer *peer)
{
	uint32_t n;
	struct conn *oldest = conn_set_oldest_half(&s->env.conns, peer, &n);

	if (n >= SERVER_HEADS_PER_PEER)
		evict(s, oldest);
}

static void turn_away(struct server *s, int fd)
{
	static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
				     "Content-Type: application/json\r\n"
				     "Content-Length: 32\r\nConnection: close\r\n\r\n"
				     "{\"error\":\"too many connections\"}";

	/* over TLS this is no answer, but there is no handshake to spare for a better one */
	if (!s->env.tls)
		(void) !send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	s->env.counters.refused_connections++;
	(void) close(fd);
}

/* No descriptor is left for a connection that waits: give up the spare one to take it, and turn it
 * away unless another can be spared. */
static void take_with_spare(struct server *s, int listener)
{
	struct conn *spared;
	int fd;

	close_p(&s->spare_fd);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		turn_away(s, fd);
	s->spare_fd = fcntl(listener, F_DUPFD_CLOEXEC, 0);
	spared = conn_set_spare(&s->env.conns);
	if (spared)
		evict(s, spared);
}

/* Make room for a new connection of descriptor @fd. Returns whether there is none. */
static bool is_full(struct server *s, int fd)
{
	bool is_last = fd >= s->files_limit;

	while (is_last || s->env.conns.n >= s->env.max_connections) {
		struct conn *c = conn_set_spare(&s->env.conns);

		if (!c)
			return true;
		evict(s, c);
		is_last = false;
	}
	return false;
}

/* A connection that made room for @fd had a lower descriptor: use that. Returns the one in use. */
static int move_down(const struct server *s, int fd)
{
	int low = fd < s->files_limit ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (low < 0)
		return fd;
	if (low > fd) {
		close_p(&low);
		return fd;
	}
	close_p(&fd);
	return low;
}

static void take(struct server *s, int fd, const struct sockaddr_storage *addr)
{
	bool is_reserve;
	struct conn_peer peer;

	peer_of(addr, &peer);
	limit_peer(s, &peer);
	is_reserve = is_full(s, fd) || s->env.is_ending;
	fd = move_down(s, fd);
	if (fd >= s->files_end ||
		(is_reserve && s->env.conns.n >= s->env.max_connections + SERVER_RESERVE)) {
		turn_away(s, fd);
		return;
	}
	s->env.on_accept(s->env.ctx, fd);
	(void) conn_open(&s->env, fd, &peer, is_reserve);
}

static void on_listener(void *ctx, uint32_t events)
{
	const struct server_listener *l = ctx;
	struct server *s = l->server;

	(void) events;
	for (int i = 0; i < ACCEPT_BURST; i++) {
		struct sockaddr_storage addr = {.ss_family = AF_UNSPEC};
		socklen_t len = sizeof(addr);
		int fd = accept4(l->source.fd, (struct sockaddr *) &addr, &len,
			SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				take_with_spare(s, l->source.fd);
			return;
		}
		take(s, fd, &addr);
	}
}

void server_init(struct server *s, const struct http_env *options)
{
	struct rlimit files;

	*s = (struct server){.env = *options, .spare_fd = -1};
	s->files_limit = s->files_end = INT32_MAX;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < INT32_MAX) {
		int n = (int) files.rlim_cur, part = n / 4;

		part = part < SERVER_RESERVED_FILES ? part : SERVER_RESERVED_FILES;
		s->files_limit = n - part;
		s->files_end = n - part / 2;
	}
}

/* Accepted sockets have the options of the one that listens. */
static void set_options(int fd)
{
	static const int on = 1, idle = KEEPALIVE_S, interval = PROBE_S, count = PROBES;

	(void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void) setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void) setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void) setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	(void) setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

int server_listen(struct server *s, int fd)
{
	struct server_listener *l = &s->listeners[s->n_listeners];
	int rc;

	if (s->n_listeners == SERVER_LISTENERS_MAX)
		return -E2BIG;
	l->server = s;
	l->source = (struct loop_source){.fd = fd, .fn = on_listener, .ctx = l};
	set_options(fd);
	rc = loop_watch(s->env.loop, &l->source, EPOLLIN);
	if (rc < 0)
		return rc;
	s->n_listeners++;
	if (s->spare_fd < 0)
		s->spare_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return 0;
}

void server_set_tls(struct server *s, struct tls *tls)
{
	tls_free(s->env.tls);
	s->env.tls = tls;
}

static void free_all(struct server *s, enum conn_class class)
{
	struct conn *c;

	while ((c = conn_set_first(&s->env.conns, class)))
		conn_free(c);
}

void server_end(struct server *s)
{
	s->env.is_ending = true;
	free_all(s, CONN_CLASS_IDLE);
	free_all(s, CONN_CLASS_HALF);
}

void server_done(struct server *s)
{
	for (uint32_t i = 0; i < s->n_listeners; i++)
		loop_unwatch(s->env.loop, &s->listeners[i].source);
	s->n_listeners = 0;
	for (int i = 0; i < CONN_CLASSES; i++)
		free_all(s, (enum conn_class) i);
	close_p(&s->spare_fd);
	s->spare_fd = -1;
	tls_free(s->env.tls);
	s->env.tls = NULL;
}
