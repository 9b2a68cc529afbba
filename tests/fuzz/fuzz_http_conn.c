/* SPDX-License-Identifier: MIT */
/* Laws of the connection machine: what it sends does not depend on how requests are divided, nor on
 * whether the client reads at once or late (WebSockets aside); it comes to rest; a connection that
 * ends frees what its handler holds, exactly once; a ticket is used at most once. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service/http/conn.h"
#include "service/http/conn_state.h"

#define TICKET       "0123456789abcdef0123456789abcdef"
#define LARGE_BYTES  300000 /* more than a turn moves */
#define STREAM_PARTS 40
#define OUTPUT_MAX   (64 * 1024 * 1024)
#define TURNS_MAX    100000
#define QUIET_TURNS  4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char large[LARGE_BYTES];
static int n_held; /* contexts of handlers, and bodies */
static bool has_websocket;
static int n_tickets_used;

struct stream {
	struct conn *conn;
	int n_sent;
	char part[1000];
};

static void count_free(void *ctx)
{
	(void) ctx;
	n_held--;
}

static void small_begin(struct conn *c, void *ctx)
{
	const struct conn_head head = {.status = 200, .type = "text/plain"};

	(void) ctx;
	conn_reply_text(c, &head, "small");
}

static void large_begin(struct conn *c, void *ctx)
{
	const struct conn_head head = {.status = 200, .type = "text/plain"};
	const struct conn_body body = {
		.bytes = large, .len_bytes = sizeof(large), .free = count_free};

	(void) ctx;
	n_held++;
	conn_reply(c, &head, &body);
}

static int next(void *ctx, struct iovec *ret, int cap, struct conn_end *end)
{
	struct stream *s = ctx;
	int n = 0;

	for (; n < cap && n < 3 && s->n_sent + n < STREAM_PARTS; n++)
		ret[n] = (struct iovec){s->part, sizeof(s->part) - (size_t) n};
	*end = (struct conn_end){true, 1000, "end"};
	return n > 0 ? n : -1;
}

static void sent(void *ctx, int n)
{
	struct stream *s = ctx;

	s->n_sent += n;
}

static void stream_free(void *ctx)
{
	n_held--;
	free(ctx);
}

static void answer_late(void *ctx)
{
	struct stream *s = ctx;

	conn_error(s->conn, 404, "late");
}

static const struct conn_ops stream_ops = {
	.ready = answer_late, .next = next, .sent = sent, .free = stream_free};

static struct stream *stream_new(struct conn *c)
{
	struct stream *s = calloc(1, sizeof(*s));

	assert(s);
	s->conn = c;
	memset(s->part, 's', sizeof(s->part));
	n_held++;
	return s;
}

static void stream_begin(struct conn *c, void *ctx)
{
	const struct conn_head head = {.status = 200, .type = "text/plain"};

	(void) ctx;
	conn_stream(c, &head, CONN_CHUNKED, &stream_ops, stream_new(c));
}

static void websocket_begin(struct conn *c, void *ctx)
{
	(void) ctx;
	has_websocket = true;
	conn_upgrade(c, false, &stream_ops, stream_new(c));
}

static void late_begin(struct conn *c, void *ctx)
{
	(void) ctx;
	conn_wait(c, &stream_ops, stream_new(c));
	conn_wake(c);
}

static void ticket_begin(struct conn *c, void *ctx)
{
	const struct http_request *r = conn_request(c);

	if (r->has_ticket && !r->is_head)
		n_tickets_used++;
	assert(!r->has_ticket || http_request_count(r, "stored") == 1);
	small_begin(c, ctx);
}

static const struct route routes[] = {
	{"/guarded", ROUTE_TICKET, ticket_begin, NULL},
	{"/small", ROUTE_OPEN, small_begin, NULL},
	{"/large", ROUTE_OPEN, large_begin, NULL},
	{"/stream", ROUTE_OPEN, stream_begin, NULL},
	{"/ws", ROUTE_OPEN | ROUTE_WEBSOCKET, websocket_begin, NULL},
	{"/late", ROUTE_OPEN, late_begin, NULL},
};

struct world {
	struct loop loop;
	struct http_env env;
	struct tickets tickets;
	struct loop_job stop;
	int fd; /* the client's side */
	uint8_t *out;
	size_t n_out, cap_out;
	bool is_over;
};

static void on_stop(void *ctx)
{
	loop_stop(ctx);
}

static void turn(struct world *w)
{
	loop_queue(&w->loop, &w->stop);
	w->loop.stopped = false;
	assert(loop_run(&w->loop) == 0);
}

/* Take what was sent. Returns whether there was anything. */
static bool take(struct world *w)
{
	ssize_t n;

	if (w->cap_out - w->n_out < 65536) {
		w->cap_out = 2 * w->cap_out + 65536;
		w->out = realloc(w->out, w->cap_out);
		assert(w->out && w->cap_out < OUTPUT_MAX);
	}
	n = recv(w->fd, w->out + w->n_out, 65536, MSG_DONTWAIT);
	w->is_over = n == 0 || (n < 0 && errno != EAGAIN);
	w->n_out += n > 0 ? (size_t) n : 0;
	return n > 0;
}

static void rest(struct world *w)
{
	int quiet = 0, turns = 0;

	while (quiet < QUIET_TURNS && !w->is_over) {
		turn(w);
		quiet = take(w) ? 0 : quiet + 1;
		assert(++turns < TURNS_MAX);
	}
}

static void begin(struct world *w)
{
	const struct conn_peer peer = {.family = AF_UNIX};
	int pair[2];

	memset(w, 0, sizeof(*w));
	assert(loop_init(&w->loop) == 0);
	w->stop = (struct loop_job){.fn = on_stop, .ctx = &w->loop};
	w->tickets.all[0] =
		(struct ticket){.id = TICKET, .end_ns = INT64_MAX, .query = strdup("stored=1")};
	assert(w->tickets.all[0].query);
	n_tickets_used = 0;
	w->env = (struct http_env){.loop = &w->loop,
		.access = {.token = "secret"},
		.tickets = &w->tickets,
		.routes = routes,
		.n_routes = sizeof(routes) / sizeof(routes[0]),
		.max_connections = 16};
	assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	w->fd = pair[0];
	assert(conn_open(&w->env, pair[1], &peer, false) == 0);
}

static void end(struct world *w)
{
	(void) close(w->fd);
	for (int i = 0; i < QUIET_TURNS; i++)
		turn(w);
	/* what waits for its deadline */
	for (int class = 0; class < CONN_CLASSES; class ++) {
		struct conn *c = conn_set_first(&w->env.conns, (enum conn_class) class);

		if (c)
			conn_free(c);
	}
	assert(n_held == 0 && w->env.heads_bytes == 0);
	assert(n_tickets_used <= 1 && (n_tickets_used == 1) == !w->tickets.all[0].id[0]);
	tickets_done(&w->tickets);
	loop_done(&w->loop);
}

/* Send @size bytes in pieces of @step, and let the machine rest between them if @is_patient. */
static void talk(struct world *w, const uint8_t *p, size_t size, size_t step, bool is_patient)
{
	begin(w);
	for (size_t at = 0; at < size && !w->is_over;) {
		size_t n = size - at < step ? size - at : step;
		ssize_t done = send(w->fd, p + at, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (done < 0 && errno != EAGAIN)
			break;
		at += done > 0 ? (size_t) done : 0;
		if (is_patient)
			rest(w);
		else
			turn(w);
	}
	rest(w);
	end(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world whole, pieces;

	if (size < 2 || size > 20000)
		return 0;
	(void) signal(SIGPIPE, SIG_IGN);
	memset(large, 'l', sizeof(large));
	has_websocket = false;
	talk(&whole, data + 1, size - 1, size, true);
	talk(&pieces, data + 1, size - 1, 1 + data[0] % 64, data[0] & 0x80);
	/* where a pong stands among other messages, and where a close cuts them, is a matter of
	 * time */
	assert(has_websocket ||
		(whole.n_out == pieces.n_out &&
			(whole.n_out == 0 || memcmp(whole.out, pieces.out, whole.n_out) == 0)));
	free(whole.out);
	free(pieces.out);
	return 0;
}
