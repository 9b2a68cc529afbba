/* SPDX-License-Identifier: MIT */
#include "service/capture/endpoints.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

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
static bool learn(struct endpoints *all, const union address *a, uint16_t port)
{
	struct hub_endpoints *ep = &all->known;
	struct conf_endpoint e;

	if (!to_endpoint(a, port, &e))
		return false;
	if (is_local(&e))
		return add_once(ep->here, &ep->n_here, &e);
	return add_once(ep->everywhere, &ep->n_everywhere, &e);
}

static void learn_all(struct endpoints *all, uint16_t port)
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
		(void) learn(all, &a, port);
	}
	freeifaddrs(list);
}

int endpoints_learn_listener(struct endpoints *all, int fd)
{
	union address addr = {.v6 = {0}};
	socklen_t len = sizeof(addr);

	if (getsockname(fd, &addr.sa, &len) < 0)
		return -errno;
	if (is_wildcard(&addr))
		learn_all(all, port_of(&addr));
	else
		(void) learn(all, &addr, port_of(&addr));
	return 0;
}

void endpoints_learn_connection(struct endpoints *all, int fd)
{
	union address addr = {.v6 = {0}};
	socklen_t len = sizeof(addr);

	if (getsockname(fd, &addr.sa, &len) == 0 && learn(all, &addr, port_of(&addr)))
		endpoints_publish(all);
}

void endpoints_viewer_comes(struct endpoints *all, int fd, struct conf_endpoint *ret)
{
	struct hub_endpoints *ep = &all->known;
	union address addr = {.v6 = {0}};
	socklen_t len = sizeof(addr);

	memset(ret, 0, sizeof(*ret));
	if (getpeername(fd, &addr.sa, &len) < 0 || !to_endpoint(&addr, port_of(&addr), ret))
		return;
	/* nothing translates addresses on the way over loopback */
	if (is_local(ret) || !add_once(ep->viewers, &ep->n_viewers, ret)) {
		memset(ret, 0, sizeof(*ret));
		return;
	}
	endpoints_publish(all);
}

void endpoints_viewer_goes(struct endpoints *all, const struct conf_endpoint *e)
{
	struct hub_endpoints *ep = &all->known;

	for (uint16_t i = 0; e->family && i < ep->n_viewers; i++) {
		if (memcmp(&ep->viewers[i], e, sizeof(*e)) != 0)
			continue;
		ep->viewers[i] = ep->viewers[--ep->n_viewers];
		endpoints_publish(all);
		return;
	}
}

void endpoints_publish(struct endpoints *all)
{
	hub_set_endpoints(all->hub, &all->known);
}
