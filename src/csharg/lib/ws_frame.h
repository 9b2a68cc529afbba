/* SPDX-License-Identifier: MIT */
/* Frames of a WebSocket, client side (RFC 6455, sections 5 and 7; wire contract 1.11, 1.12). No
 * I/O: bytes in, events out. Payload is passed through piece by piece, so messages may have any
 * length; only control frames are kept, and those have at most 125 bytes. */
#ifndef CSHARG_WS_FRAME_H
#define CSHARG_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define WS_CONTROL_MAX 125
#define WS_FRAME_MAX   (2 + 4 + WS_CONTROL_MAX) /* of those we send */

enum ws_opcode {
	WS_CONTINUATION = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10
};

enum ws_event_kind {
	WS_MORE,   /* all bytes are used up */
	WS_DATA,   /* @bytes of a binary message; may be empty */
	WS_PINGED, /* answer with a pong of the same @bytes */
	WS_PONGED,
	WS_CLOSED, /* the last event: @code and @bytes, its words (any bytes) */
};

struct ws_event {
	enum ws_event_kind kind;
	const uint8_t *bytes; /* of what was fed, or of the parser: valid until the next call */
	size_t len_bytes;
	int code; /* 1005 = the frame had none */
};

/* Zero-initialise. */
struct ws_parser {
	uint8_t head[10]; /* of a frame that has not come in whole */
	size_t head_bytes;
	uint64_t left_bytes; /* payload still to come */
	bool in_payload, in_message, closed;
	uint8_t opcode;
	uint8_t control[WS_CONTROL_MAX];
	size_t control_bytes;
};

/* Take bytes from @p up to the next event. Returns how many were used (at most @len_bytes), or
 * -EPROTO with @e filled: a text message, a masked frame, reserved bits or opcodes, control frames
 * that are too long or in pieces, a wrong order of pieces, a close of one byte or with a code that
 * is no code. 1006 is none either, but original services send it: taken. After a close everything
 * is passed over. */
ssize_t ws_parse(struct ws_parser *w, const uint8_t *p, size_t len_bytes, struct ws_event *ret,
	struct err *e);

/* Write a whole control frame with @len_bytes (at most WS_CONTROL_MAX) of payload, masked by @mask,
 * into @out, which has room for WS_FRAME_MAX bytes. Returns its length. */
size_t ws_put_control(enum ws_opcode opcode, const void *payload, size_t len_bytes,
	const uint8_t mask[4], uint8_t *out);

#endif
