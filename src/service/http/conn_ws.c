/* SPDX-License-Identifier: MIT */
/* WebSockets (RFC 6455): pieces go out as messages, what clients send is read and dropped, pings
 * are answered, and both sides close. */
#include "service/http/conn_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "http/ws_key.h"

#define READ_BYTES       16384
#define CLOSE_WAIT_NS    (5 * 1000000000LL)
#define OUT_MAX_BYTES    4096 /* of answers to pings that wait: a client must take them, too */
#define CLOSE_REASON_MAX (HTTP_WS_CONTROL_MAX - 2)

struct conn_websocket {
	struct http_ws_reader reader;
	enum http_ws_opcode opcode; /* of messages */
	bool has_closed;            /* our close was sent */
	bool is_closed;             /* the client's has come: nothing is read any more */
	bool is_echo_due;           /* our close is the answer to it */
	char accept[HTTP_WS_ACCEPT_CHARS + 1];
};

int conn_websocket_new(struct conn *c, bool is_text)
{
	const struct http_slice *key = http_head_field(c->request->head, "sec-websocket-key");

	c->websocket = calloc(1, sizeof(*c->websocket));
	if (!c->websocket)
		return -ENOMEM;
	c->websocket->opcode = is_text ? HTTP_WS_TEXT : HTTP_WS_BINARY;
	http_ws_accept(key->p, c->websocket->accept);
	return 0;
}

void conn_websocket_free(struct conn *c)
{
	free(c->websocket);
	c->websocket = NULL;
}

const char *conn_websocket_accept(const struct conn *c)
{
	return c->websocket->accept;
}

size_t conn_websocket_frame(const struct conn *c, size_t len_bytes, uint8_t *ret)
{
	return http_ws_put_head(c->websocket->opcode, len_bytes, ret);
}

/* Put a frame of its own behind what waits. Without memory the connection ends. */
static void put_frame(
	struct conn *c, enum http_ws_opcode opcode, const void *payload, size_t len_bytes)
{
	uint8_t frame[HTTP_WS_HEAD_MAX + HTTP_WS_CONTROL_MAX];
	size_t n = http_ws_put_head(opcode, len_bytes, frame);

	if (len_bytes > 0)
		memcpy(frame + n, payload, len_bytes);
	if (buf_add(&c->out, frame, n + len_bytes) < 0)
		conn_kill(c);
}

/* Our close is the last that we send. The client has a while to answer it. */
static void put_close(struct conn *c, const void *payload, size_t len_bytes)
{
	if (c->websocket->has_closed)
		return;
	c->websocket->has_closed = true;
	c->has_ended = true;
	put_frame(c, HTTP_WS_CLOSE, payload, len_bytes);
	conn_limit(c, CLOSE_WAIT_NS);
}

void conn_websocket_close(struct conn *c, uint16_t code, const char *words)
{
	const struct http_ws_reader *r = &c->websocket->reader;
	size_t n = utf8_cut(words, strlen(words), CLOSE_REASON_MAX);
	uint8_t payload[HTTP_WS_CONTROL_MAX];

	if (c->websocket->is_echo_due) {
		put_close(c, r->control, r->n_control); /* the same code and reason */
		return;
	}
	payload[0] = (uint8_t) (code >> 8);
	payload[1] = (uint8_t) code;
	memcpy(payload + 2, words, n);
	put_close(c, payload, 2 + n);
}

/* The answer to the client's close. Before it go the last pieces of the stream, for which there is
 * as much time as for the client's answer to our close. */
static void on_close(struct conn *c)
{
	const struct http_ws_reader *r = &c->websocket->reader;
	int code = http_ws_close_code(r->control, r->n_control);

	c->websocket->is_closed = true;
	c->websocket->is_echo_due = code >= 0;
	if (code < 0 || !c->ops || !c->ops->leave) {
		conn_websocket_close(c, (uint16_t) abs(code), "");
	} else if (!c->websocket->has_closed) {
		conn_limit(c, CLOSE_WAIT_NS);
		c->ops->leave(c->ctx);
	}
}

/* A frame of the client: @rc is what http_ws_read() says. */
static void on_frame(struct conn *c, int rc)
{
	const struct http_ws_reader *r = &c->websocket->reader;

	if (rc < 0) {
		c->websocket->is_closed = true; /* what follows makes no sense */
		conn_websocket_close(c, (uint16_t) -rc, "");
	} else if (rc == HTTP_WS_CLOSE) {
		on_close(c);
	} else if (rc == HTTP_WS_PING && !c->websocket->has_closed) {
		put_frame(c, HTTP_WS_PONG, r->control, r->n_control);
	}
}

static void take_frames(struct conn *c, const uint8_t *p, size_t n)
{
	while (n > 0 && !c->websocket->is_closed) {
		size_t used;
		int rc = http_ws_read(&c->websocket->reader, p, n, &used);

		p += used;
		n -= used;
		if (rc == 0)
			break;
		on_frame(c, rc);
	}
}

/* Read what the client says, up to a turn's worth. */
static enum conn_step read_frames(struct conn *c)
{
	uint8_t buf[READ_BYTES];

	if (c->in.len_bytes > 0) {
		/* what came with the request */
		take_frames(c, (const uint8_t *) buf_at(&c->in), c->in.len_bytes);
		buf_done(&c->in);
	}
	for (size_t turn = 0; c->may_read && !c->websocket->is_closed; turn++) {
		ssize_t n;

		/* who sends pings without taking the answers is not read any more */
		if (c->out.len_bytes > OUT_MAX_BYTES && c->is_blocked)
			return CONN_AGAIN;
		if (turn * READ_BYTES >= CONN_TURN_BYTES)
			return CONN_YIELD;
		n = conn_read_socket(c, buf, sizeof(buf));
		if (n == -EAGAIN)
			break;
		if (n <= 0)
			return CONN_GONE;
		take_frames(c, buf, (size_t) n);
	}
	return CONN_AGAIN;
}

enum conn_step conn_step_upgraded(struct conn *c)
{
	enum conn_step read = read_frames(c), sent;

	if (read == CONN_GONE)
		return CONN_GONE;
	sent = conn_send_pieces(c);
	if (sent != CONN_AGAIN)
		return sent == CONN_PAUSE && read == CONN_YIELD ? CONN_YIELD : sent;
	/* everything has gone out, our close as the last: the client answers, or has closed first
	 */
	if (c->websocket->is_closed)
		return conn_answered(c);
	return read == CONN_YIELD ? CONN_YIELD : CONN_PAUSE;
}
