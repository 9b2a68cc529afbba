/* SPDX-License-Identifier: MIT */
/* A reader and a writer for WebSocket frames (RFC 6455 sections 5 and 7), for servers and clients.
 * No I/O, no allocation. */
#ifndef HTTP_WS_H
#define HTTP_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/utf8.h"

#define HTTP_WS_HEAD_MAX    10  /* bytes of the head of an unmasked frame */
#define HTTP_WS_CONTROL_MAX 125 /* of the payload of a ping, pong or close */
#define HTTP_WS_MASKED_MAX  (2 + 4 + HTTP_WS_CONTROL_MAX) /* of a masked control frame */

enum http_ws_opcode {
	HTTP_WS_CONTINUATION = 0,
	HTTP_WS_TEXT = 1,
	HTTP_WS_BINARY = 2,
	HTTP_WS_CLOSE = 8,
	HTTP_WS_PING = 9,
	HTTP_WS_PONG = 10,
};

/* Codes a reader closes with (section 7.4.1). */
enum http_ws_code {
	HTTP_WS_NO_CODE = 1005, /* never sent: the close frame had no code */
	HTTP_WS_PROTOCOL_ERROR = 1002,
	HTTP_WS_BAD_TEXT = 1007,
	HTTP_WS_TOO_BIG = 1009,
};

/* Zeroed at first, except for what the caller chooses: */
struct http_ws_reader {
	bool is_client;             /* reads frames of a server, which are not masked */
	uint64_t message_max_bytes; /* 0 = no limit */

	/* set by http_ws_read() for its caller */
	uint8_t control[HTTP_WS_CONTROL_MAX]; /* payload of a control frame, unmasked */
	uint8_t n_control;
	const uint8_t *data; /* payload of a client's reader */
	size_t data_bytes;
	const char *why; /* words for an error; constant */

	/* its own */
	uint8_t head[14];
	uint8_t n_head;         /* bytes of it that are there */
	uint8_t message;        /* HTTP_WS_TEXT or HTTP_WS_BINARY of the last data frame */
	bool in_payload;        /* the head is complete */
	bool in_message;        /* the last data frame was not final */
	uint64_t left_bytes;    /* of the payload of this frame, to come */
	uint64_t at_bytes;      /* of the payload of this frame, read */
	uint64_t message_bytes; /* announced by the frames of this message so far */
	struct utf8_state text; /* of a text message */
};

/* Read bytes of @p up to the next event; *@ret_used is set to their number. Returns
 *   HTTP_WS_CLOSE, HTTP_WS_PING, HTTP_WS_PONG  a control frame is complete: @control, @n_control
 *   HTTP_WS_TEXT, HTTP_WS_BINARY  part of a message, at @data in @p (readers of clients only; the
 * data that clients send is checked and dropped) 0  all bytes were used minus an enum http_ws_code
 * to close with, @why saying what is wrong; the reader must not be used again. Errors are: reserved
 * bits or opcodes, a mask missing or where none may be, control frames in pieces or longer than 125
 * bytes, lengths not in their shortest form or over 63 bits, data frames out of order (1002); text
 * that is not UTF-8 (1007); a message over its limit (1009). The contents of close frames are not
 * judged, see http_ws_close_code(). */
int http_ws_read(struct http_ws_reader *r, const uint8_t *p, size_t len_bytes, size_t *ret_used);

/* The code in the payload of a close frame: HTTP_WS_NO_CODE if there is none, or minus the code to
 * answer with when the payload is not legal: one byte, a code that must not be sent (1002), or a
 * reason that is not UTF-8 (1007). */
int http_ws_close_code(const uint8_t *payload, size_t len_bytes);

/* Write the head of an unmasked frame, a whole message with a payload of @len_bytes, into @ret
 * (HTTP_WS_HEAD_MAX). Returns its length. */
size_t http_ws_put_head(enum http_ws_opcode opcode, uint64_t len_bytes, uint8_t *ret);

/* Write a whole control frame with @len_bytes (at most HTTP_WS_CONTROL_MAX) of @payload, masked
 * with
 * @mask, into @ret (HTTP_WS_MASKED_MAX). Returns its length. */
size_t http_ws_put_masked(enum http_ws_opcode opcode, const void *payload, size_t len_bytes,
	const uint8_t mask[4], uint8_t *ret);

#endif
