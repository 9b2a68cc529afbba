/* SPDX-License-Identifier: MIT */
/* The client side of RFC 6455, as much as a capture needs: one request, binary messages towards
 * us taken apart in place, pings answered, closed properly. Blocking sockets, no TLS. */
#ifndef BENCH_WS_H
#define BENCH_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WS_CONTROL_MAX_BYTES 125
#define WS_HEAD_MAX_BYTES    14

enum ws_event {
	WS_NEED_MORE, /* the input is used up */
	WS_BYTES,     /* a piece of a binary message */
	WS_CLOSE,     /* the server closes; see close_code and reason */
	WS_BAD,       /* the server broke the protocol, or could not be answered */
};

struct ws {
	int fd;
	uint8_t head[WS_HEAD_MAX_BYTES]; /* of the frame being read */
	size_t head_bytes;
	bool in_payload;
	uint8_t opcode;
	uint64_t left_bytes; /* of its payload */
	uint8_t control[WS_CONTROL_MAX_BYTES + 1];
	size_t control_bytes;
	uint16_t close_code;
	const char *reason; /* inside @control */
};

/* Bytes read from the socket and not yet looked at. */
struct ws_input {
	const uint8_t *p;
	size_t len_bytes;
};

/* Connect to @port of 127.0.0.1. Returns 0 or a negative errno. */
int ws_connect(struct ws *ws, uint16_t port);

/* Ask for @target (path and query) and read the answer up to its empty line. Returns 0, -EPROTO
 * if the server did not switch protocols (its first line is then on stderr), or another negative
 * errno. */
int ws_upgrade(struct ws *ws, uint16_t port, const char *target);

/* Take the next event from @in. For WS_BYTES @ret_bytes is borrowed from @in's buffer. */
enum ws_event ws_next(struct ws *ws, struct ws_input *in, struct ws_input *ret_bytes);

/* Send a normal close. The server's answer comes as WS_CLOSE. */
int ws_send_close(struct ws *ws);

#endif
