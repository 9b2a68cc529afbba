/* SPDX-License-Identifier: MIT */
/* bench-client: reads a capture, from a WebSocket or from a pipe, and says as JSON what came. A
 * line "ready" once the capture has described an interface, a line "done" at the end. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "args.h"
#include "base/clock.h"
#include "stream.h"
#include "tally.h"
#include "ws.h"

#define BUFFER_BYTES  (1u << 20)
#define PIPE_BYTES    (1 << 20)
#define TICK_US       100000 /* how soon a signal that came between two reads is noticed */
#define CLOSE_WAIT_NS INT64_C(2000000000)

struct options {
	uint16_t port;      /* 0: read standard input */
	const char *target; /* path and query of the request */
	bool discard;
	int64_t since_ns; /* 0: the first byte's time counts from the request */
};

struct client {
	struct options opt;
	struct ws ws;
	struct stream stream;
	struct tally tally;
	uint64_t bytes;
	int64_t first_byte_ns; /* after @opt.since_ns; -1 before */
	int64_t closing_ns;    /* when our close went out, 0 before */
	bool ready;
};

static volatile sig_atomic_t stopped;

static const char usage_text[] =
	"usage: bench-client --port N --target PATH?QUERY [--discard] | --stdin [--since NS]\n"
	"  --discard   throw the bytes away unread, uncopied\n"
	"  --since NS  monotonic time from which the first byte is timed\n"
	"Ends at the end of the stream, or with a proper close at SIGTERM.\n";

static void on_signal(int sig)
{
	(void) sig;
	stopped = 1;
}

static _Noreturn void usage_error(const char *text)
{
	(void) fputs(usage_text, stderr);
	errx(2, "%s", text);
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{"port", required_argument, NULL, 'p'},
		{"target", required_argument, NULL, 't'},
		{"stdin", no_argument, NULL, 'i'},
		{"discard", no_argument, NULL, 'd'},
		{"since", required_argument, NULL, 's'},
		{NULL, 0, NULL, 0},
	};
	struct options o = {0};
	bool from_stdin = false;
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'p':
			o.port = (uint16_t) args_number("--port", optarg, 1, 65535);
			break;
		case 't':
			o.target = optarg;
			break;
		case 'i':
			from_stdin = true;
			break;
		case 'd':
			o.discard = true;
			break;
		case 's':
			o.since_ns = (int64_t) args_number("--since", optarg, 1, INT64_MAX);
			break;
		default:
			usage_error("bad arguments");
		}
	}
	if (optind != argc || from_stdin == (o.port != 0) || from_stdin == (o.target != NULL))
		usage_error("needs either --port and --target, or --stdin");
	return o;
}

static void note_progress(struct client *c, size_t n, int64_t now_ns)
{
	c->bytes += n;
	if (c->first_byte_ns < 0)
		c->first_byte_ns = now_ns - c->opt.since_ns;
	if (c->ready || (!c->opt.discard && !c->stream.ifaces))
		return;
	c->ready = true;
	printf("{\"event\": \"ready\", \"first_byte_ns\": %" PRId64 "}\n", c->first_byte_ns);
	(void) fflush(stdout);
}

static void feed(struct client *c, const uint8_t *p, size_t n, int64_t now_ns)
{
	if (stream_feed(&c->stream, p, n, now_ns) < 0)
		errx(1, "this is no pcapng stream");
	note_progress(c, n, now_ns);
}

/* False when the server has closed. */
static bool feed_frames(struct client *c, struct ws_input in, int64_t now_ns)
{
	struct ws_input part;
	enum ws_event e;

	while ((e = ws_next(&c->ws, &in, &part)) == WS_BYTES)
		feed(c, part.p, part.len_bytes, now_ns);
	if (e == WS_BAD)
		errx(1, "the server broke the WebSocket protocol");
	return e != WS_CLOSE;
}

static void read_pipe(struct client *c, uint8_t *buf)
{
	ssize_t n;

	(void) fcntl(STDIN_FILENO, F_SETPIPE_SZ, PIPE_BYTES);
	while (!stopped && (n = read(STDIN_FILENO, buf, BUFFER_BYTES)) != 0) {
		if (n > 0)
			feed(c, buf, (size_t) n, clock_mono_ns());
		else if (errno != EINTR)
			err(1, "cannot read the pipe");
	}
}

static void open_websocket(struct client *c)
{
	const struct timeval tick = {.tv_usec = TICK_US};
	int ret;

	if (!c->opt.since_ns)
		c->opt.since_ns = clock_mono_ns();
	ret = ws_connect(&c->ws, c->opt.port);
	if (ret == 0)
		ret = ws_upgrade(&c->ws, c->opt.port, c->opt.target);
	if (ret < 0)
		errx(1, "no WebSocket at port %u: %s", c->opt.port, strerror(-ret));
	(void) setsockopt(c->ws.fd, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof(tick));
}

/* Begin the closing handshake when asked to stop; false when waiting for its end took too long. */
static bool keep_going(struct client *c)
{
	if (!stopped)
		return true;
	if (!c->closing_ns) {
		c->closing_ns = clock_mono_ns();
		return ws_send_close(&c->ws) == 0;
	}
	return clock_mono_ns() - c->closing_ns < CLOSE_WAIT_NS;
}

static void read_websocket(struct client *c, uint8_t *buf)
{
	/* MSG_TRUNC throws TCP's bytes away without copying them. */
	int flags = c->opt.discard ? MSG_TRUNC : 0;

	while (keep_going(c)) {
		ssize_t n = recv(c->ws.fd, buf, BUFFER_BYTES, flags);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return;
		if (n < 0)
			continue;
		if (c->opt.discard)
			note_progress(c, (size_t) n, clock_mono_ns());
		else if (!feed_frames(c, (struct ws_input){buf, (size_t) n}, clock_mono_ns()))
			return;
	}
}

static void print_result(const struct client *c)
{
	printf("{\"event\": \"done\", \"first_byte_ns\": %" PRId64 ", \"bytes\": %" PRIu64 ", ",
		c->first_byte_ns, c->bytes);
	tally_print(&c->tally);
	printf(", ");
	stream_print(&c->stream);
	printf(", \"close_code\": %u}\n", c->ws.close_code);
	if (c->ws.reason && c->ws.reason[0])
		warnx("the server closed: %s", c->ws.reason);
}

int main(int argc, char **argv)
{
	static uint8_t buf[BUFFER_BYTES];
	static struct client c;
	struct sigaction act = {.sa_handler = on_signal};

	c.opt = parse_options(argc, argv);
	c.first_byte_ns = -1;
	(void) sigaction(SIGTERM, &act, NULL);
	(void) sigaction(SIGINT, &act, NULL);
	if (tally_init(&c.tally) < 0 || stream_init(&c.stream, &c.tally) < 0)
		errx(1, "no memory");
	if (c.opt.port) {
		open_websocket(&c);
		read_websocket(&c, buf);
	} else {
		read_pipe(&c, buf);
	}
	print_result(&c);
	stream_done(&c.stream);
	return 0;
}
