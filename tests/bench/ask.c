/* SPDX-License-Identifier: MIT */
/* Clients that ask for a document again and again, all at once: bursts of one request on each of
 * CLIENTS connections, which stay open. A burst is answered whole before the next one begins, after
 * a short pause. Prints how long answers took, each from its own request to its last byte.
 *
 * --again asks as a browser does that has the answer before already: If-None-Match with its entity
 * tag. Bodies are thrown away in the kernel: this is one process on the service's machine, and
 * should not take the time that fifty on their own ones would not take either. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
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
#define TAG_MAX     128
#define BODY_MAX    (1 << 30)

struct client {
	int fd;
	char head[HEAD_MAX];
	size_t n_head;
	uint64_t left; /* bytes of the body still to come */
	bool in_body;
	char tag[TAG_MAX]; /* of the newest answer, "" = none */
	uint64_t asked_ns;
};

struct ask {
	struct client clients[CLIENTS_MAX];
	uint32_t n;
	int epfd;
	char request[1024]; /* without the empty line at its end */
	size_t request_len_bytes;
	bool has_tags; /* ask only for what is new */
	uint64_t *took_ns;
	size_t n_took;
	uint64_t n_known; /* answered 304 */
	uint64_t n_bytes; /* of bodies */
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

/* The value of header @name ("\r\nname:") in @head, NULL without it. */
static char *header(char *head, const char *name)
{
	char *p = strcasestr(head, name);

	return p ? p + strlen(name) + strspn(p + strlen(name), " ") : NULL;
}

static void keep_tag(struct client *c)
{
	const char *tag = header(c->head, "\r\netag:");
	size_t n = tag ? strcspn(tag, "\r") : 0;

	if (n >= TAG_MAX)
		errx(1, "the entity tag is too long");
	if (n > 0)
		memcpy(c->tag, tag, n);
	c->tag[n] = '\0';
}

/* Look for the end of the headers in what @c has so far. */
static void read_head(struct ask *a, struct client *c)
{
	char *end, *length;
	bool is_known;

	c->head[c->n_head] = '\0';
	end = strstr(c->head, "\r\n\r\n");
	if (!end && c->n_head < HEAD_MAX - 1)
		return;
	is_known = strncmp(c->head, "HTTP/1.1 304 ", 13) == 0;
	if (!end || (!is_known && strncmp(c->head, "HTTP/1.1 200 ", 13) != 0))
		errx(1, "unexpected answer: %.200s", c->head);
	length = header(c->head, "\r\ncontent-length:");
	if (!is_known && !length)
		errx(1, "an answer without a length: %.200s", c->head);
	c->in_body = true;
	c->left = is_known ? 0 : strtoull(length, NULL, 10);
	a->n_known += is_known;
	a->n_bytes += c->left;
	c->left -= c->n_head - (size_t) (end + 4 - c->head);
	keep_tag(c);
}

/* Returns true when the answer is complete. */
static bool receive(struct ask *a, struct client *c)
{
	/* tcp(7): with MSG_TRUNC what is received goes nowhere */
	ssize_t n = c->in_body ? recv(c->fd, NULL, BODY_MAX, MSG_DONTWAIT | MSG_TRUNC)
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
		read_head(a, c);
	}
	return c->in_body && c->left == 0;
}

static void send_request(const struct ask *a, struct client *c)
{
	char text[sizeof(a->request) + TAG_MAX + 32];
	bool has_tag = a->has_tags && c->tag[0];
	int n = snprintf(text, sizeof(text), "%s%s%s%s\r\n", a->request,
		has_tag ? "If-None-Match: " : "", has_tag ? c->tag : "", has_tag ? "\r\n" : "");

	c->n_head = 0;
	c->in_body = false;
	c->asked_ns = now_ns();
	if (send(c->fd, text, (size_t) n, MSG_NOSIGNAL) != n)
		err(1, "send");
}

static void burst(struct ask *a)
{
	uint32_t open = a->n;

	for (uint32_t i = 0; i < a->n; i++)
		send_request(a, &a->clients[i]);
	while (open > 0) {
		struct epoll_event ev[64];
		int n = epoll_wait(a->epfd, ev, 64, 30000);

		if (n <= 0)
			errx(1, "no answer for 30 s");
		for (int i = 0; i < n; i++) {
			struct client *c = ev[i].data.ptr;

			if (!receive(a, c))
				continue;
			open--;
			if (a->n_took < TIMES_MAX)
				a->took_ns[a->n_took++] = now_ns() - c->asked_ns;
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
	(void) printf("{\"answers\":%zu,\"known\":%" PRIu64 ",\"bytes\":%" PRIu64
		      ",\"p50_ns\":%" PRIu64 ",\"p99_ns\":%" PRIu64 ",\"max_ns\":%" PRIu64 "}\n",
		a->n_took, a->n_known, a->n_bytes, a->took_ns[a->n_took / 2],
		a->took_ns[a->n_took * 99 / 100], a->took_ns[a->n_took - 1]);
}

/* One more line of the request. */
static void add_line(struct ask *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_line(struct ask *a, const char *format, ...)
{
	size_t left = sizeof(a->request) - a->request_len_bytes;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(a->request + a->request_len_bytes, left, format, ap);
	va_end(ap);
	if ((size_t) n >= left)
		errx(2, "the request is too long");
	a->request_len_bytes += (size_t) n;
}

static void read_args(struct ask *a, int argc, char *argv[])
{
	if (argc < 5)
		errx(2, "usage: bench-ask PORT PATH CLIENTS MS [--again] [HEADER...]");
	a->n = (uint32_t) args_number("CLIENTS", argv[3], 1, CLIENTS_MAX);
	add_line(a, "GET %s HTTP/1.1\r\nHost: localhost:%s\r\n", argv[2], argv[1]);
	for (int i = 5; i < argc; i++) {
		if (strcmp(argv[i], "--again") == 0)
			a->has_tags = true;
		else
			add_line(a, "%s\r\n", argv[i]);
	}
}

int main(int argc, char *argv[])
{
	static struct ask a;
	uint64_t end_ns;

	read_args(&a, argc, argv);
	a.took_ns = calloc(TIMES_MAX, sizeof(*a.took_ns));
	if (!a.took_ns)
		err(1, "calloc");
	connect_all(&a, (uint16_t) args_number("PORT", argv[1], 1, 65535));
	/* the first one is not counted: it has the newest generation made, and packed */
	burst(&a);
	a.n_took = a.n_known = a.n_bytes = 0;
	end_ns = now_ns() + args_number("MS", argv[4], 1, 3600000) * 1000000;
	do {
		const struct timespec pause = {.tv_nsec = PAUSE_NS};

		burst(&a);
		(void) nanosleep(&pause, NULL);
	} while (now_ns() < end_ns);
	print(&a);
	return 0;
}
