/* SPDX-License-Identifier: MIT */
#include "service/serve/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "proto/service_args.h"
#include "service/serve/proxy_accept.h"
#include "service/serve/watch.h"

#define ACCEPT_BURST 32 /* connections taken at a time, then others have their turn */

union address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool is_wildcard(const union address *a)
{
	return a->sa.sa_family == AF_INET ? a->v4.sin_addr.s_addr == 0
					  : IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr);
}

static uint16_t port_of(const union address *a)
{
	return ntohs(a->sa.sa_family == AF_INET ? a->v4.sin_port : a->v6.sin6_port);
}

/* The end point at @a with @port. IPv4 over an IPv6 socket is IPv4 on the wire. Returns false for
 * other families. */
static bool to_endpoint(const union address *a, uint16_t port, struct conf_endpoint *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->port = port;
	if (a->sa.sa_family == AF_INET) {
		ret->family = 4;
		memcpy(ret->addr, &a->v4.sin_addr, 4);
		return true;
	}
	if (a->sa.sa_family != AF_INET6)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr)) {
		ret->family = 4;
		memcpy(ret->addr, a->v6.sin6_addr.s6_addr + 12, 4);
		return true;
	}
	ret->family = 6;
	memcpy(ret->addr, &a->v6.sin6_addr, 16);
	return true;
}

/* A loopback address means this service only in its own namespace. */
static bool is_local(const struct conf_endpoint *e)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	return e->family == 4 ? e->addr[0] == 127 : memcmp(e->addr, loopback6, 16) == 0;
}

static bool add_once(struct conf_endpoint *list, uint16_t *n, const struct conf_endpoint *e)
{
	for (uint16_t i = 0; i < *n; i++) {
		if (memcmp(&list[i], e, sizeof(*e)) == 0)
			return false;
	}
	if (*n == CONF_ENDPOINTS_MAX)
		return false;
	list[(*n)++] = *e;
	return true;
}

/* Returns true when @a with @port is new. */
static bool learn(struct app *app, const union address *a, uint16_t port)
{
	struct hub_endpoints *ep = &app->endpoints;
	struct conf_endpoint e;

	if (!to_endpoint(a, port, &e))
		return false;
	if (is_local(&e))
		return add_once(ep->here, &ep->n_here, &e);
	return add_once(ep->everywhere, &ep->n_everywhere, &e);
}

/* A wildcard listener is reached under every address this host has. */
static void learn_all(struct app *app, uint16_t port)
{
	struct ifaddrs *list;

	if (getifaddrs(&list) < 0)
		return; /* then they are learnt with the first connection to each */
	for (struct ifaddrs *i = list; i; i = i->ifa_next) {
		union address a;

		if (!i->ifa_addr)
			continue;
		memset(&a, 0, sizeof(a));
		if (i->ifa_addr->sa_family == AF_INET)
			memcpy(&a, i->ifa_addr, sizeof(a.v4));
		else if (i->ifa_addr->sa_family == AF_INET6)
			memcpy(&a, i->ifa_addr, sizeof(a.v6));
		else
			continue;
		(void) learn(app, &a, port);
	}
	freeifaddrs(list);
}

int listener_init(struct app *a, struct err *e)
{
	for (uint32_t i = 0; i < a->config->n_listen; i++) {
		int fd = SERVICE_FD_FILES + (int) i;
		union address addr;
		socklen_t len = sizeof(addr);

		if (getsockname(fd, &addr.sa, &len) < 0)
			return err_sys(e, -errno, "was given no listening socket");
		a->listen_ports[i] = port_of(&addr);
		if (is_wildcard(&addr))
			learn_all(a, port_of(&addr));
		else
			(void) learn(a, &addr, port_of(&addr));
		if (!watch_add(a, WATCH_LISTENER, fd, 0))
			return err_set(e, -ENOMEM, "cannot watch a listening socket");
	}
	a->spare_fd = fcntl(SERVICE_FD_FILES, F_DUPFD_CLOEXEC, 0);
	a->endpoints.own_inode = a->config->own_netns;
	hub_set_endpoints(a->hub, &a->endpoints);
	return 0;
}

static void turn_away(struct app *a, int fd)
{
	static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
				     "Content-Type: application/json\r\n"
				     "Content-Length: 32\r\nConnection: close\r\n\r\n"
				     "{\"error\":\"too many connections\"}";

	/* over TLS this is no answer, but there is no handshake to spare for a better one */
	if (!a->config->tls_cert)
		(void) !send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	a->counters.refused_connections++;
	(void) close(fd);
}

static void learn_connection(struct app *a, int fd)
{
	union address addr;
	socklen_t len = sizeof(addr);

	if (getsockname(fd, &addr.sa, &len) == 0 && learn(a, &addr, port_of(&addr)))
		hub_set_endpoints(a->hub, &a->endpoints);
}

/* No descriptor is left for a connection that waits: give up the spare one to turn it away, as it
 * would otherwise wake us again and again. */
static void turn_away_with_spare(struct app *a, int fd)
{
	int c;

	log_warn("out of descriptors, turning a connection away");
	close_p(&a->spare_fd);
	c = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (c >= 0)
		turn_away(a, c);
	a->spare_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

void listener_accept(struct app *a, int fd)
{
	static const int on = 1;

	for (int i = 0; i < ACCEPT_BURST; i++) {
		int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (c < 0) {
			if (errno == EMFILE || errno == ENFILE)
				turn_away_with_spare(a, fd);
			return;
		}
		learn_connection(a, c);
		(void) setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		(void) setsockopt(c, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
		if (app_connections(a) >= a->config->max_connections || a->is_ending)
			turn_away(a, c);
		else if (a->config->proxy)
			proxy_accept(a, c);
		else
			(void) lws_adopt_socket_vhost(a->vhost, c);
	}
}
