/* SPDX-License-Identifier: MIT */
/* Clients that ask for a document again and again, all at once: bursts of one request on each of
 * CLIENTS connections, answered whole before the next burst begins after a short pause. Prints how
 * long answers took, from the burst's beginning to the last byte, each counted for itself. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "args.h"

#define HEAD_MAX    8192
#define CLIENTS_MAX 1024
#define TIMES_MAX   4000000
#define PAUSE_NS    20000000

struct client {
	int fd;
	char head[HEAD_MAX];
	size_t n_head;
	uint64_t left; /* bytes of the body still to come */
	bool in_body;
};

struct ask {
	struct client clients[CLIENTS_MAX];
	uint32_t n;
	int epfd;
	char request[512];
	uint64_t *took_ns;
	size_t n_took;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

static void connect_all(struct ask *a, uint16_t port)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	a->epfd = epoll_create1(EPOLL_CLOEXEC);
	for (uint32_t i = 0; i < a->n; i++) {
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &a->clients[i]};

		a->clients[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(a->clients[i].fd, (const struct sockaddr *) &to, sizeof(to)) < 0 ||
			epoll_ctl(a->epfd, EPOLL_CTL_ADD, a->clients[i].fd, &ev) < 0)
			err(1, "connect");
	}
}

/* Look for the end of the headers in what @c has so far. */
static void read_head(struct client *c)
{
	char *end, *length;

	c->head[c->n_head] = '\0';
	end = strstr(c->head, "\r\n\r\n");
	if (!end && c->n_head < HEAD_MAX - 1)
		return;
	length = strcasestr(c->head, "\r\ncontent-length:");
	if (!end || strncmp(c->head, "HTTP/1.1 200 ", 13) != 0 || !length)
		errx(1, "unexpected answer: %.200s", c->head);
	c->in_body = true;
	c->left = strtoull(length + strlen("\r\ncontent-length:"), NULL, 10) -
		  (c->n_head - (size_t) (end + 4 - c->head));
}

/* Returns true when the answer is complete. */
static bool receive(struct client *c)
{
	static char sink[1 << 18];
	ssize_t n = c->in_body ? recv(c->fd, sink, sizeof(sink), MSG_DONTWAIT)
			       : recv(c->fd, c->head + c->n_head, HEAD_MAX - 1 - c->n_head,
					 MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0)
		errx(1, "a connection ended");
	if (c->in_body) {
		c->left -= (uint64_t) n;
	} else {
		c->n_head += (size_t) n;
		read_head(c);
	}
	return c->in_body && c->left == 0;
}

static void burst(struct ask *a)
{
	uint64_t began_ns = now_ns();
	uint32_t open = a->n;

	for (uint32_t i = 0; i < a->n; i++) {
		a->clients[i].n_head = 0;
		a->clients[i].in_body = false;
		if (send(a->clients[i].fd, a->request, strlen(a->request), MSG_NOSIGNAL) < 0)
			err(1, "send");
	}
	while (open > 0) {
		struct epoll_event ev[64];
		int n = epoll_wait(a->epfd, ev, 64, 30000);

		if (n <= 0)
			errx(1, "no answer for 30 s");
		for (int i = 0; i < n; i++) {
			if (!receive(ev[i].data.ptr))
				continue;
			open--;
			if (a->n_took < TIMES_MAX)
				a->took_ns[a->n_took++] = now_ns() - began_ns;
		}
	}
}

static int cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

	return (x > y) - (x < y);
}

static void print(const struct ask *a)
{
	qsort(a->took_ns, a->n_took, sizeof(*a->took_ns), cmp);
	(void) printf("{\"answers\":%zu,\"p50_ns\":%" PRIu64 ",\"p99_ns\":%" PRIu64
		      ",\"max_ns\":%" PRIu64 "}\n",
		a->n_took, a->took_ns[a->n_took / 2], a->took_ns[a->n_took * 99 / 100],
		a->took_ns[a->n_took - 1]);
}

int main(int argc, char *argv[])
{
	static struct ask a;
	uint64_t end_ns, port;

	if (argc != 5 && argc != 6)
		errx(2, "usage: bench-ask PORT PATH CLIENTS MS [HEADER]");
	port = args_number("PORT", argv[1], 1, 65535);
	a.n = (uint32_t) args_number("CLIENTS", argv[3], 1, CLIENTS_MAX);
	a.took_ns = calloc(TIMES_MAX, sizeof(*a.took_ns));
	(void) snprintf(a.request, sizeof(a.request),
		"GET %s HTTP/1.1\r\nHost: localhost:%" PRIu64 "\r\n%s%s\r\n", argv[2], port,
		argc == 6 ? argv[5] : "", argc == 6 ? "\r\n" : "");
	connect_all(&a, (uint16_t) port);
	end_ns = now_ns() + args_number("MS", argv[4], 1, 3600000) * 1000000;
	do {
		const struct timespec pause = {.tv_nsec = PAUSE_NS};

		burst(&a);
		(void) nanosleep(&pause, NULL);
	} while (now_ns() < end_ns);
	print(&a);
	return 0;
}
