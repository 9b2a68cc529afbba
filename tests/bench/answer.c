/* SPDX-License-Identifier: MIT */
/* bench-answer: the least a server can do for clients that ask all at once. One process,
 * connections that stay, to every request the same bytes out of memory. It does not look at what it
 * is asked.
 *
 * Says {"event":"ready","port":N}, then answers until it is killed. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "args.h"

#define BODY_MAX    (1 << 30)
#define REQUEST_MAX 4096

struct client {
	int fd;
	size_t sent_bytes;
	char request[REQUEST_MAX + 1];
	size_t request_bytes; /* of the one that is coming in */
	bool is_answering;
};

struct server {
	int epfd, listener;
	char *answer; /* with its headers */
	size_t answer_bytes;
};

static int listen_on_loopback(uint16_t *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *) &at, sizeof(at)) < 0 ||
		listen(fd, SOMAXCONN) < 0 || getsockname(fd, (struct sockaddr *) &at, &len) < 0)
		err(1, "listen");
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static void make_answer(struct server *s, size_t body_bytes)
{
	char head[256];
	int n = snprintf(head, sizeof(head),
		"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n",
		body_bytes);

	s->answer_bytes = (size_t) n + body_bytes;
	s->answer = malloc(s->answer_bytes);
	if (!s->answer)
		err(1, "malloc");
	memcpy(s->answer, head, (size_t) n);
	memset(s->answer + n, 'x', body_bytes);
}

static void watch(const struct server *s, int op, struct client *c, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = c};

	if (epoll_ctl(s->epfd, op, c ? c->fd : s->listener, &ev) < 0)
		err(1, "epoll");
}

static void accept_client(const struct server *s)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		err(1, "calloc");
	c->fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (c->fd < 0)
		err(1, "accept");
	watch(s, EPOLL_CTL_ADD, c, EPOLLIN);
}

/* Returns false when the client is gone. */
static bool receive(struct client *c)
{
	ssize_t n = recv(c->fd, c->request + c->request_bytes, REQUEST_MAX - c->request_bytes, 0);

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	c->request_bytes += (size_t) n;
	c->request[c->request_bytes] = '\0';
	if (strstr(c->request, "\r\n\r\n")) {
		c->is_answering = true;
		c->request_bytes = c->sent_bytes = 0;
	}
	return true;
}

static bool answer(const struct server *s, struct client *c)
{
	ssize_t n = send(
		c->fd, s->answer + c->sent_bytes, s->answer_bytes - c->sent_bytes, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN)
		return false;
	c->sent_bytes += n > 0 ? (size_t) n : 0;
	c->is_answering = c->sent_bytes < s->answer_bytes;
	return true;
}

static void serve(const struct server *s, struct client *c)
{
	bool waited = c->is_answering;

	if ((!c->is_answering && !receive(c)) || (c->is_answering && !answer(s, c))) {
		(void) close(c->fd);
		free(c);
		return;
	}
	if (c->is_answering != waited)
		watch(s, EPOLL_CTL_MOD, c, c->is_answering ? EPOLLOUT : EPOLLIN);
}

int main(int argc, char *argv[])
{
	struct server s = {.epfd = epoll_create1(EPOLL_CLOEXEC)};
	uint16_t port;

	if (argc != 2)
		errx(2, "usage: bench-answer BYTES");
	make_answer(&s, args_number("BYTES", argv[1], 1, BODY_MAX));
	s.listener = listen_on_loopback(&port);
	watch(&s, EPOLL_CTL_ADD, NULL, EPOLLIN);
	(void) printf("{\"event\":\"ready\",\"port\":%u}\n", (unsigned int) port);
	(void) fflush(stdout);
	for (;;) {
		struct epoll_event ev[64];
		int n = epoll_wait(s.epfd, ev, 64, -1);

		for (int i = 0; i < n; i++) {
			if (ev[i].data.ptr)
				serve(&s, ev[i].data.ptr);
			else
				accept_client(&s);
		}
	}
}
