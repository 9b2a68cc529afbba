/* SPDX-License-Identifier: MIT */
/* Bytes out: what waits, the body of an answer, the pieces of a stream. */
#include "service/http/conn_state.h"

#include <errno.h>
#include <stdio.h>

#define FRAME_BYTES 24 /* before a piece: the end of the chunk before it, and its own size */

/* Drop what went out of c->out and count the rest. */
static size_t take_sent(struct conn *c, size_t n)
{
	size_t own = n < c->out.len_bytes ? n : c->out.len_bytes;

	c->n_sent += n;
	if (own > 0)
		buf_drop(&c->out, own);
	return n - own;
}

enum conn_step conn_send(struct conn *c, const struct iovec *v, size_t n, size_t *ret_taken)
{
	struct iovec all[2 + 2 * CONN_PIECES_MAX];
	size_t n_all = 0, want = c->out.len_bytes;
	ssize_t sent;

	*ret_taken = 0;
	if (c->out.len_bytes > 0)
		all[n_all++] = (struct iovec){buf_at(&c->out), c->out.len_bytes};
	for (size_t i = 0; i < n; i++) {
		all[n_all++] = v[i];
		want += v[i].iov_len;
	}
	if (want == 0) {
		int rc = transport_flush(&c->transport);

		c->is_blocked = rc == -EAGAIN;
		return rc == 0 ? CONN_AGAIN : rc == -EAGAIN ? CONN_PAUSE : CONN_GONE;
	}
	sent = transport_send(&c->transport, all, n_all);
	if (sent < 0 && sent != -EAGAIN)
		return CONN_GONE;
	if (sent > 0)
		*ret_taken = take_sent(c, (size_t) sent);
	c->is_blocked = sent < (ssize_t) want || c->transport.held_bytes > 0;
	return c->is_blocked ? CONN_PAUSE : CONN_AGAIN;
}

/* Everything that is to be sent is known: what waits, and the rest of the body. */
enum conn_step conn_step_answer(struct conn *c)
{
	size_t turn = 0;

	for (;;) {
		size_t left = c->body.bytes ? c->body.len_bytes - c->body_at_bytes : 0;
		size_t n = left < CONN_TURN_BYTES ? left : CONN_TURN_BYTES, taken;
		struct iovec v = {NULL, n};
		enum conn_step step;

		if (c->is_blocked)
			return CONN_PAUSE;
		if (turn >= CONN_TURN_BYTES)
			return CONN_YIELD;
		if (n > 0)
			v.iov_base = (char *) c->body.bytes + c->body_at_bytes;
		step = conn_send(c, &v, n > 0, &taken);
		c->body_at_bytes += taken;
		turn += taken;
		if (step != CONN_AGAIN)
			return step;
		if (taken == left)
			break;
	}
	return c->state == CONN_ANSWER ? conn_answered(c) : CONN_AGAIN;
}

/* The frame before a piece, and behind the chunk before it. */
static size_t put_frame(const struct conn *c, size_t len_bytes, bool is_first, uint8_t *ret)
{
	if (c->websocket)
		return conn_websocket_frame(c, len_bytes, ret);
	if (!c->is_chunked)
		return 0;
	return (size_t) snprintf(
		(char *) ret, FRAME_BYTES, "%s%zx\r\n", is_first ? "" : "\r\n", len_bytes);
}

/* Keep what the socket has not taken of a piece and its frames, as the piece itself is gone soon.
 */
static int keep_rest(struct conn *c, const struct iovec *v, size_t n, size_t at_bytes)
{
	for (size_t i = 0; i < n; i++) {
		if (at_bytes >= v[i].iov_len) {
			at_bytes -= v[i].iov_len;
			continue;
		}
		if (buf_add(&c->out, (const char *) v[i].iov_base + at_bytes,
			    v[i].iov_len - at_bytes) < 0)
			return -ENOMEM;
		at_bytes = 0;
	}
	return 0;
}

/* @taken bytes of the pieces in @v, each with a frame before it, and the end behind the last one,
 * have gone out. A piece that was begun is finished from a copy. */
static int account(struct conn *c, const struct iovec *v, int n, size_t taken)
{
	int whole = 0, rc = 0;

	while (whole < n) {
		const struct iovec *p = &v[2 * whole];
		size_t len = p[0].iov_len + p[1].iov_len;

		if (taken < len)
			break;
		taken -= len;
		whole++;
	}
	if (whole == n) {
		/* the end of the last chunk */
		rc = keep_rest(c, &v[2 * n], 1, taken);
	} else if (taken > 0) {
		rc = keep_rest(c, &v[2 * whole], 2, taken);
		if (rc == 0 && c->is_chunked)
			rc = buf_add(&c->out, "\r\n", 2);
		whole++;
	} else if (whole > 0 && c->is_chunked) {
		rc = buf_add(&c->out, "\r\n", 2);
	}
	if (whole > 0)
		c->ops->sent(c->ctx, whole);
	return rc;
}

/* The last piece has gone out. */
static int end_pieces(struct conn *c, const struct conn_end *end)
{
	c->has_ended = true;
	c->is_cut = !end->is_whole;
	if (c->websocket)
		conn_websocket_close(c, end->code, end->words);
	/* a stream that was cut short has no last chunk: clients then know */
	else if (c->is_chunked && end->is_whole)
		return buf_add(&c->out, "0\r\n\r\n", 5);
	return 0;
}

/* Send what comes next. Returns CONN_AGAIN with 0 in @ret_bytes when there is nothing now. */
static enum conn_step send_next(struct conn *c, size_t *ret_bytes)
{
	struct iovec pieces[CONN_PIECES_MAX], v[2 * CONN_PIECES_MAX + 1];
	uint8_t frames[CONN_PIECES_MAX][FRAME_BYTES];
	struct conn_end end = {0};
	enum conn_step step;
	size_t n_v, len_bytes = 0;
	int n = 0;

	*ret_bytes = 0;
	c->is_woken = false;
	if (!c->has_ended)
		n = c->ops->next(c->ctx, pieces, CONN_PIECES_MAX, &end);
	if (n < 0) {
		if (end_pieces(c, &end) < 0)
			return CONN_GONE;
		n = 0;
	}
	for (int i = 0; i < n; i++) {
		if (i > 0 && len_bytes + pieces[i].iov_len > CONN_TURN_BYTES) {
			n = i;
			break;
		}
		len_bytes += pieces[i].iov_len;
		v[2 * i].iov_base = frames[i];
		v[2 * i].iov_len = put_frame(c, pieces[i].iov_len, i == 0, frames[i]);
		v[2 * i + 1] = pieces[i];
	}
	v[2 * n] = (struct iovec){(char *) "\r\n", n > 0 && c->is_chunked ? 2 : 0};
	n_v = n > 0 ? 2 * (size_t) n + 1 : 0;
	if (n == 0 && c->out.len_bytes == 0 && c->transport.held_bytes == 0)
		return CONN_AGAIN;
	step = conn_send(c, v, n_v, ret_bytes);
	if (step != CONN_GONE && n > 0 && account(c, v, n, *ret_bytes) < 0)
		return CONN_GONE;
	return step;
}

enum conn_step conn_send_pieces(struct conn *c)
{
	size_t turn = 0;

	for (;;) {
		size_t taken;
		enum conn_step step;

		if (c->is_blocked)
			return CONN_PAUSE;
		if (turn >= CONN_TURN_BYTES)
			return CONN_YIELD;
		step = send_next(c, &taken);
		if (step != CONN_AGAIN)
			return step;
		if (c->has_ended && c->out.len_bytes == 0)
			return CONN_AGAIN;
		if (taken == 0 && c->out.len_bytes == 0)
			return CONN_PAUSE;
		turn += taken;
	}
}

/* What a client sends while it gets a stream has no meaning. A client that sends all the same is
 * cut off, as is one that has closed its side. */
enum conn_step conn_step_stream(struct conn *c)
{
	enum conn_step step;

	if (c->may_read || c->in.len_bytes > 0) {
		char byte;
		ssize_t n = c->in.len_bytes > 0 ? 1 : conn_read_socket(c, &byte, 1);

		if (n != -EAGAIN)
			return CONN_GONE;
	}
	step = conn_send_pieces(c);
	if (step != CONN_AGAIN)
		return step;
	if (c->is_cut)
		return CONN_GONE;
	return conn_answered(c);
}
