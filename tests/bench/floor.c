/* SPDX-License-Identifier: MIT */
/* bench-floor: the least a capture service can do. Reads each block of the kernel's ring, copies
 * its bytes once and sends the copy to local sockets. No filter, no format, no bookkeeping. */
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "args.h"
#include "base/own.h"
#include "ring.h"
#include "sink.h"

#define POLL_MS    100
#define STEP_BYTES (64u << 10)

struct options {
	const char *ifname;
	const char *netns; /* NULL: stay where we are */
	int viewers;
	bool tcp;
};

struct counts {
	uint64_t packets;
	uint64_t bytes; /* copied, and sent to each viewer */
	uint64_t drops;
};

static volatile sig_atomic_t stopped;

static const char usage_text[] =
	"usage: bench-floor --if NAME [--netns FILE] [--viewers N] [--tcp]\n"
	"Captures until SIGTERM, then prints what it counted and what its first reader did.\n";

static void on_signal(int sig)
{
	(void) sig;
	stopped = 1;
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{"if", required_argument, NULL, 'i'},
		{"netns", required_argument, NULL, 'n'},
		{"viewers", required_argument, NULL, 'v'},
		{"tcp", no_argument, NULL, 't'},
		{NULL, 0, NULL, 0},
	};
	struct options o = {.viewers = 1};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'i':
			o.ifname = optarg;
			break;
		case 'n':
			o.netns = optarg;
			break;
		case 'v':
			o.viewers = (int) args_number("--viewers", optarg, 1, SINK_MAX);
			break;
		case 't':
			o.tcp = true;
			break;
		default:
			(void) fputs(usage_text, stderr);
			errx(2, "bad arguments");
		}
	}
	if (!o.ifname || optind != argc) {
		(void) fputs(usage_text, stderr);
		errx(2, "needs --if and nothing beside options");
	}
	return o;
}

static void enter_netns(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		err(1, "cannot enter network namespace %s", path);
}

static void send_all(int fd, const uint8_t *p, size_t len_bytes)
{
	while (len_bytes) {
		ssize_t n = send(fd, p, len_bytes, MSG_NOSIGNAL);

		if (n < 0)
			err(1, "a reader is gone");
		p += n;
		len_bytes -= (size_t) n;
	}
}

/* In steps, so that the copy is still in the cache when it is sent. */
static void relay_block(const uint8_t *block, size_t len_bytes, const int *fds, int n_fds)
{
	static _Alignas(64) uint8_t copy[STEP_BYTES];

	for (size_t at = 0; at < len_bytes; at += sizeof(copy)) {
		size_t n = len_bytes - at < sizeof(copy) ? len_bytes - at : sizeof(copy);

		memcpy(copy, block + at, n);
		for (int i = 0; i < n_fds; i++)
			send_all(fds[i], copy, n);
	}
}

static struct counts capture(struct ring *r, const int *fds, int n_fds)
{
	struct counts c = {0};

	while (!stopped) {
		struct tpacket_block_desc *b = ring_wait(r, POLL_MS);
		size_t len_bytes;

		if (!b)
			continue;
		len_bytes = b->hdr.bh1.blk_len;
		c.packets += b->hdr.bh1.num_pkts;
		c.bytes += len_bytes;
		relay_block((const uint8_t *) b, len_bytes, fds, n_fds);
		ring_release(r);
	}
	c.drops = ring_drops(r);
	return c;
}

int main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);
	struct sigaction act = {.sa_handler = on_signal};
	int fds[SINK_MAX];
	struct counts c;
	struct ring r;

	(void) sigaction(SIGTERM, &act, NULL);
	(void) sigaction(SIGINT, &act, NULL);
	/* Sockets first: they belong to the namespace we come from, as a service's do. */
	for (int i = 0; i < o.viewers; i++) {
		fds[i] = sink_start(o.tcp, i == 0, fds, i);
		if (fds[i] < 0)
			errx(1, "cannot start a reader: %s", strerror(-fds[i]));
	}
	if (o.netns)
		enter_netns(o.netns);
	if (ring_open(&r, o.ifname) < 0)
		err(1, "cannot open a ring on %s", o.ifname);
	printf("{\"event\": \"ready\"}\n");
	(void) fflush(stdout);

	c = capture(&r, fds, o.viewers);
	for (int i = 0; i < o.viewers; i++)
		(void) close(fds[i]);
	while (wait(NULL) > 0)
		continue;
	printf("{\"event\": \"done\", \"captured\": %" PRIu64 ", \"bytes\": %" PRIu64
	       ", \"drops\": %" PRIu64 "}\n",
		c.packets, c.bytes, c.drops);
	return 0;
}
