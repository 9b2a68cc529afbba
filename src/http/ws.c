/* SPDX-License-Identifier: MIT */
#include "http/ws.h"

#include <string.h>

#define FIN      0x80
#define RESERVED 0x70
#define MASKED   0x80

static int fail(struct http_ws_reader *r, enum http_ws_code code, const char *why)
{
	r->why = why;
	return -(int) code;
}

static uint8_t opcode_of(const struct http_ws_reader *r)
{
	return r->head[0] & 0x0f;
}

static bool is_control(const struct http_ws_reader *r)
{
	return opcode_of(r) >= HTTP_WS_CLOSE;
}

static uint8_t length_bytes(const struct http_ws_reader *r)
{
	uint8_t len = r->head[1] & 0x7f;

	return len == 127 ? 8 : len == 126 ? 2 : 0;
}

/* The length of the head whose first two bytes are there. */
static uint8_t head_bytes(const struct http_ws_reader *r)
{
	return (uint8_t) (2 + length_bytes(r) + (r->is_client ? 0 : 4));
}

/* Judge the first two bytes of a frame. Returns 0 or minus a code. */
static int check_start(struct http_ws_reader *r)
{
	uint8_t opcode = opcode_of(r);

	if (r->head[0] & RESERVED)
		return fail(r, HTTP_WS_PROTOCOL_ERROR, "a frame with reserved bits");
	if (!(r->head[1] & MASKED) != r->is_client)
		return fail(r, HTTP_WS_PROTOCOL_ERROR,
			r->is_client ? "a masked frame" : "a frame without a mask");
	if (opcode > HTTP_WS_PONG || (opcode > HTTP_WS_BINARY && opcode < HTTP_WS_CLOSE))
		return fail(r, HTTP_WS_PROTOCOL_ERROR, "a frame of unknown kind");
	if (is_control(r) && (!(r->head[0] & FIN) || (r->head[1] & 0x7f) > HTTP_WS_CONTROL_MAX))
		return fail(r, HTTP_WS_PROTOCOL_ERROR, "a control frame in pieces or too long");
	if (!is_control(r) && (opcode == HTTP_WS_CONTINUATION) != r->in_message)
		return fail(r, HTTP_WS_PROTOCOL_ERROR, "pieces of messages in a wrong order");
	return 0;
}

/* Begin the data frame whose length is known. Returns 0 or minus a code. */
static int begin_data(struct http_ws_reader *r)
{
	if (!r->in_message) {
		r->message = opcode_of(r);
		r->message_bytes = 0;
		r->text = (struct utf8_state){0};
	}
	r->in_message = !(r->head[0] & FIN);
	if (r->message_max_bytes && r->left_bytes > r->message_max_bytes - r->message_bytes)
		return fail(r, HTTP_WS_TOO_BIG, "a message that is too long");
	r->message_bytes += r->message_max_bytes ? r->left_bytes : 0;
	return 0;
}

/* The head is complete: read its length. Returns 0 or minus a code. */
static int begin_payload(struct http_ws_reader *r)
{
	uint8_t n = length_bytes(r);

	r->left_bytes = n ? 0 : r->head[1] & 0x7f;
	for (uint8_t i = 0; i < n; i++)
		r->left_bytes = r->left_bytes << 8 | r->head[2 + i];
	if ((n == 2 && r->left_bytes < 126) || (n == 8 && r->left_bytes < 65536) ||
		r->left_bytes >> 63)
		return fail(r, HTTP_WS_PROTOCOL_ERROR, "a frame of impossible length");
	r->at_bytes = 0;
	r->n_control = is_control(r) ? 0 : r->n_control;
	r->in_payload = true;
	return is_control(r) ? 0 : begin_data(r);
}

static uint8_t unmasked(const struct http_ws_reader *r, const uint8_t *p, size_t i)
{
	return r->is_client ? p[i] : p[i] ^ r->head[head_bytes(r) - 4 + (r->at_bytes + i) % 4];
}

static bool is_text(struct http_ws_reader *r, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!utf8_step(&r->text, unmasked(r, p, i)))
			return false;
	}
	return r->in_message || n < r->left_bytes || utf8_is_whole(&r->text);
}

/* Read up to @len_bytes bytes of payload; *@ret_used is their number. Returns as http_ws_read(). */
static int take_payload(
	struct http_ws_reader *r, const uint8_t *p, size_t len_bytes, size_t *ret_used)
{
	size_t n = len_bytes < r->left_bytes ? len_bytes : (size_t) r->left_bytes;
	int event = 0;

	*ret_used = n;
	if (is_control(r)) {
		for (size_t i = 0; i < n; i++)
			r->control[r->n_control++] = unmasked(r, p, i);
	} else if (r->message == HTTP_WS_TEXT && !is_text(r, p, n)) {
		return fail(r, HTTP_WS_BAD_TEXT, "text that is not UTF-8");
	}
	r->at_bytes += n;
	r->left_bytes -= n;
	if (r->left_bytes == 0) {
		r->in_payload = false;
		r->n_head = 0;
		event = is_control(r) ? opcode_of(r) : 0;
	}
	if (!r->is_client || is_control(r) || n == 0)
		return event;
	r->data = p;
	r->data_bytes = n;
	return r->message;
}

/* Read one more byte of the head. Returns 0 or minus a code. */
static int take_head_byte(struct http_ws_reader *r, uint8_t byte)
{
	int rc = 0;

	r->head[r->n_head++] = byte;
	if (r->n_head == 2)
		rc = check_start(r);
	if (rc == 0 && r->n_head >= 2 && r->n_head == head_bytes(r))
		rc = begin_payload(r);
	return rc;
}

int http_ws_read(struct http_ws_reader *r, const uint8_t *p, size_t len_bytes, size_t *ret_used)
{
	size_t at = 0, used;
	int rc = 0;

	while (rc == 0 && (at < len_bytes || (r->in_payload && r->left_bytes == 0))) {
		if (!r->in_payload) {
			rc = take_head_byte(r, p[at++]);
			continue;
		}
		rc = take_payload(r, p + at, len_bytes - at, &used);
		at += used;
	}
	*ret_used = at;
	return rc;
}

int http_ws_close_code(const uint8_t *payload, size_t len_bytes)
{
	int code;

	if (len_bytes == 0)
		return HTTP_WS_NO_CODE;
	if (len_bytes == 1)
		return -HTTP_WS_PROTOCOL_ERROR;
	code = payload[0] << 8 | payload[1];
	if (code < 1000 || (code >= 1004 && code <= 1006) || (code > 1014 && code < 3000) ||
		code > 4999)
		return -HTTP_WS_PROTOCOL_ERROR;
	if (!utf8_valid((const char *) payload + 2, len_bytes - 2))
		return -HTTP_WS_BAD_TEXT;
	return code;
}

size_t http_ws_put_head(enum http_ws_opcode opcode, uint64_t len_bytes, uint8_t *ret)
{
	int n = len_bytes < 126 ? 0 : len_bytes < 65536 ? 2 : 8;

	ret[0] = (uint8_t) (FIN | opcode);
	ret[1] = n == 0 ? (uint8_t) len_bytes : n == 2 ? 126 : 127;
	for (int i = 0; i < n; i++)
		ret[2 + i] = (uint8_t) (len_bytes >> (8 * (n - 1 - i)));
	return 2 + (size_t) n;
}

size_t http_ws_put_masked(enum http_ws_opcode opcode, const void *payload, size_t len_bytes,
	const uint8_t mask[4], uint8_t *ret)
{
	const uint8_t *p = payload;

	ret[0] = (uint8_t) (FIN | opcode);
	ret[1] = (uint8_t) (MASKED | len_bytes);
	memcpy(ret + 2, mask, 4);
	for (size_t i = 0; i < len_bytes; i++)
		ret[6 + i] = p[i] ^ mask[i % 4];
	return 6 + len_bytes;
}
