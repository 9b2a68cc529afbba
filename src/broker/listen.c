/* SPDX-License-Identifier: MIT */
#include "broker/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/own.h"

#define BACKLOG 512

union address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Cut "[IPv6]:PORT", "IP:PORT" or a bare address into its parts. */
static int split(const char *s, uint16_t port, char *host, size_t cap, uint16_t *ret_port)
{
	const char *end, *colon;
	char *stop;
	unsigned long v;

	*ret_port = port;
	if (s[0] == '[') {
		end = strchr(++s, ']');
		colon = end ? end + 1 : NULL;
	} else {
		colon = strchr(s, ':');
		if (colon && strchr(colon + 1, ':'))
			colon = s + strlen(s); /* a bare IPv6 address */
		end = colon ? colon : s + strlen(s);
		colon = end;
	}
	if (!end || (size_t) (end - s) >= cap)
		return -EINVAL;
	memcpy(host, s, (size_t) (end - s));
	host[end - s] = '\0';
	if (*colon == '\0')
		return 0;
	if (*colon != ':' || colon[1] < '0' || colon[1] > '9')
		return -EINVAL;
	v = strtoul(colon + 1, &stop, 10);
	if (*stop || v == 0 || v > 65535)
		return -EINVAL;
	*ret_port = (uint16_t) v;
	return 0;
}

static int parse(const char *s, uint16_t port, union address *ret, socklen_t *ret_len)
{
	char host[INET6_ADDRSTRLEN];
	uint16_t p;

	memset(ret, 0, sizeof(*ret));
	if (split(s, port, host, sizeof(host), &p) < 0)
		return -EINVAL;
	if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(p);
		*ret_len = sizeof(ret->v4);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons(p);
		*ret_len = sizeof(ret->v6);
		return 0;
	}
	return -EINVAL;
}

static bool is_loopback(const union address *a)
{
	if (a->sa.sa_family == AF_INET)
		return (ntohl(a->v4.sin_addr.s_addr) >> 24) == 127;
	return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

bool listen_is_address(const char *address)
{
	union address a;
	socklen_t len;

	return parse(address, 0, &a, &len) == 0;
}

/* Make a socket for @a. Without IPv6 in the kernel, all addresses are those of IPv4: @a changes. */
static int make_socket(union address *a, socklen_t *len)
{
	const int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	in_port_t port = a->v6.sin6_port;
	int fd = socket(a->sa.sa_family, type, 0);

	if (fd >= 0 || errno != EAFNOSUPPORT || a->sa.sa_family != AF_INET6 ||
		!IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr))
		return fd < 0 ? -errno : fd;
	memset(a, 0, sizeof(*a));
	a->v4.sin_family = AF_INET;
	a->v4.sin_port = port;
	*len = sizeof(a->v4);
	fd = socket(AF_INET, type, 0);
	return fd < 0 ? -errno : fd;
}

int listen_open(const char *address, uint16_t port, bool *ret_loopback, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	union address a;
	socklen_t len = 0;
	int on = 1, v6only;

	if (parse(address, port, &a, &len) < 0)
		return err_set(e, -EINVAL, "\"%s\" is no address to listen on", address);
	fd = make_socket(&a, &len);
	if (fd < 0)
		return err_sys(e, fd, "cannot listen on %s", address);
	(void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a.sa.sa_family == AF_INET6) {
		v6only = !IN6_IS_ADDR_UNSPECIFIED(&a.v6.sin6_addr);
		(void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only));
	}
	if (bind(fd, &a.sa, len) < 0 || listen(fd, BACKLOG) < 0)
		return err_sys(e, -errno, "cannot listen on %s port %u", address,
			ntohs(a.sa.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port));
	*ret_loopback = is_loopback(&a);
	return TAKE_FD(fd);
}

void listen_url(int fd, bool is_tls, char *ret, size_t cap_bytes)
{
	union address a;
	socklen_t len = sizeof(a);
	char host[INET6_ADDRSTRLEN + 2] = "localhost", text[INET6_ADDRSTRLEN];
	const char *scheme = is_tls ? "https" : "http";
	uint16_t port;

	memset(&a, 0, sizeof(a));
	(void) getsockname(fd, &a.sa, &len);
	port = ntohs(a.sa.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
	if (a.sa.sa_family == AF_INET && !is_loopback(&a) && a.v4.sin_addr.s_addr != 0)
		(void) inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof(host));
	if (a.sa.sa_family == AF_INET6 && !is_loopback(&a) &&
		!IN6_IS_ADDR_UNSPECIFIED(&a.v6.sin6_addr) &&
		inet_ntop(AF_INET6, &a.v6.sin6_addr, text, sizeof(text)))
		(void) snprintf(host, sizeof(host), "[%s]", text);
	(void) snprintf(ret, cap_bytes, "%s://%s:%u", scheme, host, port);
}
