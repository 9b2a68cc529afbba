/* SPDX-License-Identifier: MIT */
#include "dig/verifier.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "dig/echo.h"

union place {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

void verifier_start(struct verifier *v, uint16_t address, int64_t now_ns)
{
	*v = (struct verifier){.is_busy = true,
		.address = address,
		.next_ns = now_ns,
		.limit_ns = now_ns + VERIFIER_LIMIT_NS};
}

static socklen_t place_of(const struct address *a, union place *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (a->family == 4) {
		ret->v4.sin_family = AF_INET;
		memcpy(&ret->v4.sin_addr, a->bytes, 4);
		return sizeof(ret->v4);
	}
	ret->v6.sin6_family = AF_INET6;
	memcpy(&ret->v6.sin6_addr, a->bytes, 16);
	return sizeof(ret->v6);
}

/* One that cannot be sent is lost like any other. */
static void send_request(const struct verifier *v, const struct pinger *p, const struct address *a)
{
	const struct echo e = {
		a->family, p->ident, (uint16_t) (v->address * VERIFIER_PINGS + v->sent)};
	uint8_t request[ECHO_BYTES];
	union place to;
	socklen_t len = place_of(a, &to);
	int fd = p->fd[a->family == 6];

	echo_request(&e, request);
	if (fd >= 0)
		(void) !sendto(
			fd, request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT, &to.sa, len);
}

bool verifier_go_on(
	struct verifier *v, const struct pinger *p, const struct address *a, int64_t now_ns)
{
	if (v->replied == VERIFIER_PINGS || now_ns >= v->limit_ns)
		return true;
	if (v->sent < VERIFIER_PINGS && now_ns >= v->next_ns) {
		send_request(v, p, a);
		v->sent++;
		v->next_ns += VERIFIER_PACE_NS;
	}
	return false;
}

int64_t verifier_due_ns(const struct verifier *v)
{
	return v->sent < VERIFIER_PINGS ? v->next_ns : v->limit_ns;
}

static void address_of(const union place *from, struct address *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->family = from->sa.sa_family == AF_INET ? 4 : 6;
	if (ret->family == 4)
		memcpy(ret->bytes, &from->v4.sin_addr, 4);
	else
		memcpy(ret->bytes, &from->v6.sin6_addr, 16);
}

int pinger_read(const struct pinger *p, size_t which, struct pong *ret)
{
	uint8_t buf[ECHO_REPLY_BYTES];
	union place from = {.sa = {0}};
	socklen_t len = sizeof(from);
	struct echo e;
	ssize_t n = recvfrom(p->fd[which], buf, sizeof(buf), MSG_DONTWAIT, &from.sa, &len);

	if (n < 0)
		return errno == EAGAIN ? -EAGAIN : 0; /* errors of requests sent before */
	if (echo_reply(buf, (size_t) n, which == 0 ? 4 : 6, which == 0 && p->has_ip, &e) < 0)
		return 0;
	ret->address = e.seq / VERIFIER_PINGS;
	ret->number = e.seq % VERIFIER_PINGS;
	address_of(&from, &ret->from);
	return 1;
}

void verifier_heard(struct verifier *v, uint8_t number)
{
	if (v->heard & 1U << number)
		return; /* a copy */
	v->heard |= (uint8_t) (1U << number);
	v->replied++;
}
