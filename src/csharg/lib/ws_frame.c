/* SPDX-License-Identifier: MIT */
#include "csharg/lib/ws_frame.h"

#include <errno.h>
#include <string.h>

#define FIN      0x80
#define RESERVED 0x70
#define MASKED   0x80

static bool is_control(uint8_t opcode)
{
	return opcode >= WS_CLOSE;
}

/* Bytes of the head that begins with those @w has; 2 while that is not known. */
static size_t head_size(const struct ws_parser *w)
{
	uint8_t n = w->head_bytes < 2 ? 0 : w->head[1] & 0x7f;

	return n == 127 ? 10 : n == 126 ? 4 : 2;
}

static uint64_t payload_length(const struct ws_parser *w)
{
	uint64_t v = w->head[1] & 0x7f;

	if (v < 126)
		return v;
	v = 0;
	for (size_t i = 2; i < w->head_bytes; i++)
		v = v << 8 | w->head[i];
	return v;
}

static int check_data_order(struct ws_parser *w, bool fin, uint8_t opcode, struct err *e)
{
	if (opcode == WS_TEXT)
		return err_set(e, -EPROTO, "the service sent a text message");
	if ((opcode == WS_CONTINUATION) != w->in_message)
		return err_set(e, -EPROTO, "the service sent pieces of messages in a wrong order");
	w->in_message = !fin;
	return 0;
}

static int begin_frame(struct ws_parser *w, struct err *e)
{
	uint8_t opcode = w->head[0] & 0x0f;
	bool fin = w->head[0] & FIN;

	if (w->head[0] & RESERVED)
		return err_set(e, -EPROTO, "the service sent a frame with reserved bits");
	if (w->head[1] & MASKED)
		return err_set(e, -EPROTO, "the service sent a masked frame");
	if (opcode > WS_PONG || (opcode > WS_BINARY && opcode < WS_CLOSE))
		return err_set(e, -EPROTO, "the service sent a frame of unknown kind %d", opcode);
	w->left_bytes = payload_length(w);
	if (w->left_bytes >> 63)
		return err_set(e, -EPROTO, "the service sent a frame of impossible length");
	if (is_control(opcode) && (!fin || w->left_bytes > WS_CONTROL_MAX))
		return err_set(
			e, -EPROTO, "the service sent a control frame in pieces or too long");
	if (!is_control(opcode) && check_data_order(w, fin, opcode, e) < 0)
		return -EPROTO;
	w->opcode = opcode;
	w->control_bytes = 0;
	w->in_payload = true;
	return 0;
}

static bool is_close_code(int code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1006 && code <= 1014) ||
	       (code >= 3000 && code <= 4999);
}

static int end_close(struct ws_parser *w, struct ws_event *ret, struct err *e)
{
	w->closed = true;
	*ret = (struct ws_event){.kind = WS_CLOSED, .code = 1005, .bytes = w->control};
	if (w->control_bytes == 0)
		return 0;
	if (w->control_bytes == 1)
		return err_set(e, -EPROTO, "the service closed with half a code");
	ret->code = w->control[0] << 8 | w->control[1];
	ret->bytes += 2;
	ret->len_bytes = w->control_bytes - 2;
	if (!is_close_code(ret->code))
		return err_set(e, -EPROTO, "the service closed with impossible code %d", ret->code);
	return 0;
}

static int end_control(struct ws_parser *w, struct ws_event *ret, struct err *e)
{
	if (w->opcode == WS_CLOSE)
		return end_close(w, ret, e);
	*ret = (struct ws_event){.kind = w->opcode == WS_PING ? WS_PINGED : WS_PONGED,
		.bytes = w->control,
		.len_bytes = w->control_bytes};
	return 0;
}

/* Use up to @len bytes of payload; *@ret is set when there is something to tell. */
static ssize_t take_payload(
	struct ws_parser *w, const uint8_t *p, size_t len, struct ws_event *ret, struct err *e)
{
	size_t n = w->left_bytes < len ? (size_t) w->left_bytes : len;

	w->left_bytes -= n;
	w->in_payload = w->left_bytes > 0;
	w->head_bytes = w->in_payload ? w->head_bytes : 0;
	if (!is_control(w->opcode)) {
		*ret = (struct ws_event){.kind = WS_DATA, .bytes = p, .len_bytes = n};
		return (ssize_t) n;
	}
	memcpy(w->control + w->control_bytes, p, n);
	w->control_bytes += n;
	if (!w->in_payload && end_control(w, ret, e) < 0)
		return -EPROTO;
	return (ssize_t) n;
}

ssize_t ws_parse(struct ws_parser *w, const uint8_t *p, size_t len_bytes, struct ws_event *ret,
	struct err *e)
{
	size_t used = 0;

	*ret = (struct ws_event){.kind = WS_MORE};
	while (!w->closed && ret->kind == WS_MORE) {
		ssize_t n;

		if (!w->in_payload) {
			if (used == len_bytes)
				break;
			w->head[w->head_bytes++] = p[used++];
			if (w->head_bytes < head_size(w) || w->head_bytes < 2)
				continue;
			if (begin_frame(w, e) < 0)
				return -EPROTO;
		}
		if (used == len_bytes && w->left_bytes > 0)
			break;
		n = take_payload(w, p + used, len_bytes - used, ret, e);
		if (n < 0)
			return n;
		used += (size_t) n;
	}
	return (ssize_t) (w->closed && ret->kind == WS_MORE ? len_bytes : used);
}

size_t ws_put_control(enum ws_opcode opcode, const void *payload, size_t len_bytes,
	const uint8_t mask[4], uint8_t *out)
{
	const uint8_t *p = payload;

	out[0] = (uint8_t) (FIN | opcode);
	out[1] = (uint8_t) (MASKED | len_bytes);
	memcpy(out + 2, mask, 4);
	for (size_t i = 0; i < len_bytes; i++)
		out[6 + i] = p[i] ^ mask[i % 4];
	return 6 + len_bytes;
}
