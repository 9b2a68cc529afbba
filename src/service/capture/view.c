/* SPDX-License-Identifier: MIT */
#include "service/capture/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "base/log.h"
#include "service/capture/stream.h"
#include "service/capture/words.h"
#include "service/http/conn.h"

#define FILE_NAME_MAX 96
#define KNOWN_MAX     256 /* bytes of the names of all parameters */

struct view {
	struct conn *conn;
	struct view_env *env;
	struct stream *stream;     /* owned */
	struct conf_endpoint peer; /* its packets are left out */
	uint32_t send_bytes;       /* the kernel may keep for its socket */
	bool has_ended;            /* it was logged */
};

static void wake(void *ctx)
{
	struct view *v = ctx;

	conn_wake(v->conn);
}

static void kill_stuck(void *ctx)
{
	struct view *v = ctx;

	log_info("a viewer takes nothing, ending its connection");
	conn_kill(v->conn);
}

static const struct viewer_ops viewer_ops = {.wake = wake, .stuck = kill_stuck};

static void log_end(struct view *v)
{
	const struct refusal *why = stream_why(v->stream);
	char reason[ERR_TEXT_MAX];

	if (!v->has_ended)
		log_info("stream ends code=%d reason=\"%s\"", why->close_code,
			log_quote(why->text, reason, sizeof(reason)));
	v->has_ended = true;
}

static int next(void *ctx, struct iovec *ret, int cap, struct conn_end *end)
{
	struct view *v = ctx;
	int n = stream_next(v->stream, ret, cap);

	if (n < 0) {
		const struct refusal *why = stream_why(v->stream);
		bool is_whole =
			why->close_code == CLOSE_NORMAL || why->close_code == CLOSE_GOING_AWAY;

		log_end(v);
		*end = (struct conn_end){is_whole, (uint16_t) why->close_code, why->text};
	}
	return n;
}

static void sent(void *ctx, int n)
{
	struct view *v = ctx;

	stream_sent(v->stream, n);
}

static void leave(void *ctx)
{
	struct view *v = ctx;

	if (v->stream)
		stream_leave(v->stream);
}

static void log_stuck(void *ctx)
{
	(void) ctx;
	log_info("a viewer takes nothing, ending its connection");
}

static void view_free(void *ctx)
{
	struct view *v = ctx;

	if (!v)
		return; /* of a HEAD request */
	stream_free(v->stream);
	endpoints_viewer_goes(v->env->endpoints, &v->peer);
	free(v);
}

static void begin_download(void *ctx);

static const struct conn_ops ops = {
	.ready = begin_download,
	.next = next,
	.sent = sent,
	.leave = leave,
	.stuck = log_stuck,
	.free = view_free,
};

/* "web-20260131-154500.pcapng": the target's name without characters that trouble file systems. */
static void file_name(const char *target, char *ret, size_t cap)
{
	char name[64];
	size_t n = 0;
	time_t now = time(NULL);
	struct tm tm;

	for (; *target && n < sizeof(name) - 1; target++) {
		bool ok = (*target >= '0' && *target <= '9') ||
			  (*target >= 'a' && *target <= 'z') ||
			  (*target >= 'A' && *target <= 'Z') || *target == '-' || *target == '_' ||
			  (*target == '.' && n > 0);

		name[n++] = ok ? *target : '_';
	}
	name[n] = '\0';
	(void) gmtime_r(&now, &tm);
	n = (size_t) snprintf(ret, cap, "%s-", n ? name : "capture");
	(void) strftime(ret + n, cap - n, "%Y%m%d-%H%M%S.pcapng", &tm);
}

static void send_head(struct conn *c, const char *target, void *ctx)
{
	char name[FILE_NAME_MAX], fields[FILE_NAME_MAX + 64];
	struct conn_head head = {.status = 200, .type = "application/x-pcapng", .fields = fields};

	file_name(target, name, sizeof(name));
	(void) snprintf(fields, sizeof(fields),
		"Content-Disposition: attachment; filename=\"%s\"\r\n", name);
	conn_stream(c, &head, CONN_CHUNKED, &ops, ctx);
}

/* The status is known when there is something to send. */
static void begin_download(void *ctx)
{
	struct view *v = ctx;
	struct iovec piece;
	int n = stream_next(v->stream, &piece, 1);

	if (n < 0) {
		const struct refusal *why = stream_why(v->stream);

		conn_error(v->conn, why->http_status, why->text);
	} else if (n > 0) {
		char name[STREAM_NAME_MAX];

		stream_name(v->stream, name);
		send_head(v->conn, name, v);
	}
}

/* A viewer that reads nothing must not keep more than its share of the kernel's memory. Returns the
 * bytes that the kernel allows now, for data and what it needs beside. */
static uint32_t limit_buffer(int fd)
{
	int size = VIEW_SEND_BYTES;
	socklen_t len = sizeof(size);

	(void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) < 0 || size < 0)
		return 2 * VIEW_SEND_BYTES;
	return (uint32_t) size;
}

static struct view *view_new(struct conn *c, struct view_env *env)
{
	struct view *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->conn = c;
	v->env = env;
	v->send_bytes = limit_buffer(conn_fd(c));
	endpoints_viewer_comes(env->endpoints, conn_fd(c), &v->peer);
	return v;
}

/* Refuse a download with an argument that has no meaning: a misspelt filter would capture
 * everything. Over WebSockets old clients send more than we know, so there it is logged. Returns
 * false when the request was refused. */
static bool check_unknown(struct conn *c, const struct words *w, bool is_websocket)
{
	char text[2 * KNOWN_MAX], name[2 * WORDS_UNKNOWN_MAX], known[KNOWN_MAX];

	if (!w->unknown[0])
		return true;
	words_known(known, sizeof(known));
	if (is_websocket) {
		log_warn("unknown parameter ignored name=\"%s\" known=\"%s\"",
			log_quote(w->unknown, name, sizeof(name)), known);
		return true;
	}
	(void) snprintf(
		text, sizeof(text), "unknown parameter \"%s\": use one of %s", w->unknown, known);
	conn_error(c, 400, text);
	return false;
}

static void begin(struct conn *c, struct view_env *env, bool is_websocket)
{
	struct view *v;
	struct words words;

	if (words_read(conn_request(c), &words) < 0) {
		conn_error(c, 503, "out of memory");
		return;
	}
	if (!check_unknown(c, &words, is_websocket)) {
		words_done(&words);
		return;
	}
	v = view_new(c, env);
	if (!v) {
		words_done(&words);
		conn_error(c, 503, "out of memory");
		return;
	}
	if (is_websocket)
		conn_upgrade(c, false, &ops, v);
	else
		conn_wait(c, &ops, v);
	v->stream = stream_new(&env->session, &words.words, v->send_bytes, &viewer_ops, v);
	words_done(&words);
	if (!v->stream)
		conn_kill(c);
}

void view_websocket(struct conn *c, struct view_env *env)
{
	begin(c, env, true);
}

void view_download(struct conn *c, struct view_env *env)
{
	/* asking what would come starts nothing */
	if (conn_request(c)->is_head)
		send_head(c, "", NULL);
	else
		begin(c, env, false);
}
