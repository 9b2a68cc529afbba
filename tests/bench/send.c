/* SPDX-License-Identifier: MIT */
/* bench-send: numbered UDP packets at a given rate or as fast as one core can, by sendmmsg. Each
 * message carries several datagrams (UDP_SEGMENT), which halves the sender's cost: with only two
 * cores a cheap sender leaves one of them to the capture, and reaches higher rates. The link must
 * not take such bundles whole (gso_max_segs 1), else that is what a capture sees. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "args.h"
#include "base/clock.h"
#include "numbered.h"
#include "pace.h"

#define FRAME_MIN_BYTES (NUMBERED_HEAD_BYTES + NUMBERED_BODY_BYTES)
#define FRAME_MAX_BYTES 1514
#define BODY_MAX_BYTES  (FRAME_MAX_BYTES - NUMBERED_HEAD_BYTES)
#define BUNDLE          32 /* datagrams in one message; 64 KiB is the kernel's limit */
#define BUNDLES         (PACE_BATCH_MAX / BUNDLE)
#define NS_PER_MS       1000000

struct options {
	struct sockaddr_in to;
	size_t frame_bytes; /* Ethernet header to the last byte of the datagram, no checksum */
	uint64_t rate_pps;
	uint64_t count; /* 0: no limit */
	int64_t duration_ns;
	bool ping;
};

struct sender {
	int fd;
	size_t body_bytes;
	uint64_t sent;
	uint64_t refused;                                /* times the kernel took none of a batch */
	uint8_t bodies[PACE_BATCH_MAX * BODY_MAX_BYTES]; /* each @body_bytes, back to back */
};

static const char usage_text[] = "usage: bench-send --to ADDR [options]\n"
				 "  --port N     UDP port (9)\n"
				 "  --size N     bytes of a frame without checksum, 62..1514 (64)\n"
				 "  --rate PPS   packets per second, 0 = as fast as possible (0)\n"
				 "  --ms N       how long to send (1000)\n"
				 "  --count N    stop after N packets\n"
				 "  --ping       single packets with jitter around the rate\n"
				 "Prints one line of JSON: what was sent, and in what time.\n";

static void parse_target(struct options *o, const char *text)
{
	o->to.sin_family = AF_INET;
	if (inet_pton(AF_INET, text, &o->to.sin_addr) != 1)
		errx(2, "--to must be an IPv4 address, not '%s'", text);
}

/* False if @c is no option of ours. */
static bool set_option(struct options *o, int c, const char *arg)
{
	switch (c) {
	case 't':
		parse_target(o, arg);
		return true;
	case 'p':
		o->to.sin_port = htons((uint16_t) args_number("--port", arg, 1, 65535));
		return true;
	case 's':
		o->frame_bytes = args_number("--size", arg, FRAME_MIN_BYTES, FRAME_MAX_BYTES);
		return true;
	case 'r':
		o->rate_pps = args_number("--rate", arg, 0, 100000000);
		return true;
	case 'm':
		o->duration_ns = (int64_t) args_number("--ms", arg, 1, 3600000) * NS_PER_MS;
		return true;
	case 'c':
		o->count = args_number("--count", arg, 1, UINT64_MAX);
		return true;
	case 'j':
		o->ping = true;
		return true;
	default:
		return false;
	}
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{"to", required_argument, NULL, 't'},
		{"port", required_argument, NULL, 'p'},
		{"size", required_argument, NULL, 's'},
		{"rate", required_argument, NULL, 'r'},
		{"ms", required_argument, NULL, 'm'},
		{"count", required_argument, NULL, 'c'},
		{"ping", no_argument, NULL, 'j'},
		{NULL, 0, NULL, 0},
	};
	struct options o = {.frame_bytes = 64, .duration_ns = 1000 * (int64_t) NS_PER_MS};
	bool good = true;
	int c;

	o.to.sin_port = htons(9);
	while (good && (c = getopt_long(argc, argv, "", names, NULL)) != -1)
		good = set_option(&o, c, optarg);
	if (!good || !o.to.sin_family || optind != argc) {
		(void) fputs(usage_text, stderr);
		errx(2, "needs --to and nothing beside options");
	}
	return o;
}

static void sender_init(struct sender *s, const struct options *o)
{
	int segment = (int) (o->frame_bytes - NUMBERED_HEAD_BYTES);

	s->body_bytes = (size_t) segment;
	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, (const struct sockaddr *) &o->to, sizeof(o->to)) < 0 ||
		setsockopt(s->fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) < 0)
		err(1, "cannot make a socket to the target");
}

/* Describe the first @n bodies as messages; returns how many. */
static unsigned int bundle(
	struct sender *s, unsigned int n, struct mmsghdr *msgs, struct iovec *iov)
{
	unsigned int used = 0;

	for (unsigned int i = 0; i < n; i += BUNDLE, used++) {
		size_t count = n - i < BUNDLE ? n - i : BUNDLE;

		iov[used] = (struct iovec){
			.iov_base = s->bodies + i * s->body_bytes,
			.iov_len = count * s->body_bytes,
		};
		msgs[used] = (struct mmsghdr){
			.msg_hdr = {.msg_iov = &iov[used], .msg_iovlen = 1},
		};
	}
	return used;
}

/* One time stamp for the whole batch: it leaves within microseconds. */
static void send_batch(struct sender *s, unsigned int n)
{
	int64_t now_ns = clock_mono_ns();
	struct mmsghdr msgs[BUNDLES];
	struct iovec iov[BUNDLES];
	int taken;

	for (unsigned int i = 0; i < n; i++)
		numbered_put(s->bodies + i * s->body_bytes, s->sent + i, now_ns);
	taken = sendmmsg(s->fd, msgs, bundle(s, n, msgs, iov), 0);
	if (taken < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
		err(1, "sendmmsg");
	if (taken <= 0)
		s->refused++;
	for (int i = 0; i < taken; i++)
		s->sent += iov[i].iov_len / s->body_bytes;
}

static unsigned int batch_size(
	struct pace *p, const struct options *o, uint64_t sent, int64_t now_ns)
{
	unsigned int n = pace_due(p, sent, now_ns);

	if (o->count && o->count - sent < n)
		n = (unsigned int) (o->count - sent);
	return n;
}

static int64_t send_all(struct sender *s, const struct options *o)
{
	int64_t start_ns = clock_mono_ns(), now_ns = start_ns;
	struct pace pace;

	pace_init(&pace, o->rate_pps, o->ping, start_ns);
	while (now_ns - start_ns < o->duration_ns && (!o->count || s->sent < o->count)) {
		unsigned int n = batch_size(&pace, o, s->sent, now_ns);

		if (n)
			send_batch(s, n);
		pace_sleep(&pace);
		now_ns = clock_mono_ns();
	}
	return now_ns - start_ns;
}

int main(int argc, char **argv)
{
	static struct sender s;
	struct options o = parse_options(argc, argv);
	double seconds;

	sender_init(&s, &o);
	/* The default slack of 50 us is a fifth of a tick. */
	(void) prctl(PR_SET_TIMERSLACK, 1UL);
	seconds = (double) send_all(&s, &o) / 1e9;
	printf("{\"sent\": %" PRIu64 ", \"seconds\": %.6f, \"pps\": %.0f, \"refused\": %" PRIu64
	       "}\n",
		s.sent, seconds, (double) s.sent / seconds, s.refused);
	return 0;
}
