/* SPDX-License-Identifier: MIT */
#include "sink.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "ring.h"

#define SOCKET_BUFFER_BYTES (4 << 20)

static int tcp_pair(int ret_pair[2])
{
	AUTO_CLOSE int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	AUTO_CLOSE int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	int server;

	if (listener < 0 || client < 0 || bind(listener, (struct sockaddr *) &at, len) < 0 ||
		listen(listener, 1) < 0 ||
		getsockname(listener, (struct sockaddr *) &at, &len) < 0 ||
		connect(client, (struct sockaddr *) &at, len) < 0)
		return -errno;
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0)
		return -errno;
	ret_pair[0] = server;
	ret_pair[1] = TAKE_FD(client);
	return 0;
}

static int unix_pair(int ret_pair[2])
{
	int size = SOCKET_BUFFER_BYTES;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret_pair) < 0)
		return -errno;
	(void) setsockopt(ret_pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return 0;
}

static _Noreturn void discard(int fd)
{
	static uint8_t buf[RING_BLOCK_BYTES];

	/* MSG_TRUNC throws TCP's bytes away without copying them; other sockets ignore it. */
	while (recv(fd, buf, sizeof(buf), MSG_TRUNC) > 0)
		continue;
	_exit(0);
}

/* Reads one copied block: its head says how long it is. Returns its length, 0 at the end. */
static size_t read_block(int fd, uint8_t *buf)
{
	struct tpacket_block_desc *b = (void *) buf;
	ssize_t n = recv(fd, buf, sizeof(*b), MSG_WAITALL);
	size_t rest;

	if (n != sizeof(*b) || b->hdr.bh1.blk_len < sizeof(*b) ||
		b->hdr.bh1.blk_len > RING_BLOCK_BYTES)
		return 0;
	rest = b->hdr.bh1.blk_len - sizeof(*b);
	if (rest && recv(fd, buf + sizeof(*b), rest, MSG_WAITALL) != (ssize_t) rest)
		return 0;
	return sizeof(*b) + rest;
}

static _Noreturn void count(int fd)
{
	static _Alignas(64) uint8_t buf[RING_BLOCK_BYTES];
	static struct tally t;
	size_t n;

	if (tally_init(&t) < 0)
		errx(1, "no memory to count in");
	while ((n = read_block(fd, buf)) > 0) {
		if (ring_tally_block(buf, n, clock_mono_ns(), &t) < 0)
			errx(1, "a block came through damaged");
	}
	printf("{\"event\": \"tally\", ");
	tally_print(&t);
	printf("}\n");
	exit(0);
}

int sink_start(bool tcp, bool tally, const int *others, int n_others)
{
	int pair[2] = {-1, -1};
	int ret = tcp ? tcp_pair(pair) : unix_pair(pair);
	pid_t pid;

	if (ret < 0)
		return ret;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0) {
		(void) close(pair[1]);
		return pair[0];
	}
	/* The end of the stream ends a sink; a signal to the whole group must not come first. */
	(void) signal(SIGTERM, SIG_IGN);
	(void) signal(SIGINT, SIG_IGN);
	(void) close(pair[0]);
	for (int i = 0; i < n_others; i++)
		(void) close(others[i]);
	if (tally)
		count(pair[1]);
	discard(pair[1]);
}
