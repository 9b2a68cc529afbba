/* SPDX-License-Identifier: MIT */
/* The frames of a service as the client library sees them (wire contract 1.11, 1.12): binary
 * messages of any length, passed through piece by piece, and control frames. No I/O: bytes in,
 * events out. */
#ifndef CSHARG_WS_FRAME_H
#define CSHARG_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "http/ws.h"

enum ws_event_kind {
	WS_MORE,   /* all bytes are used up */
	WS_DATA,   /* @bytes of a binary message */
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
	struct http_ws_reader reader;
	bool closed;
};

/* Read bytes from @p up to the next event. Returns how many were used (at most @len_bytes), or
 * -EPROTO with @e filled: a text message, an error of http_ws_read(), or a close of one byte or
 * with a code that must not be sent. Code 1006 is accepted, as original services send it, and so
 * are reasons that are not UTF-8. After a close all bytes are skipped. */
ssize_t ws_parse(struct ws_parser *w, const uint8_t *p, size_t len_bytes, struct ws_event *ret,
	struct err *e);

#endif
