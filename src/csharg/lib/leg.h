/* SPDX-License-Identifier: MIT */
/* One WebSocket to the service: a stream has one, or one for each interface. */
#ifndef CSHARG_LEG_H
#define CSHARG_LEG_H

#include "csharg/lib/pipeline.h"
#include "csharg/lib/transport.h"
#include "csharg/lib/ws_frame.h"
#include "csharg/lib/ws_upgrade.h"

#define LEG_OUT_MAX 1024 /* control frames that wait for room: pongs beyond are not sent */

struct leg {
	struct transport *transport; /* owned; NULL = the connection has ended */
	struct ws_parser ws;
	struct inlet inlet;
	uint8_t out[LEG_OUT_MAX];
	size_t out_bytes;
	char *early; /* owned: bytes that came with the answer to the upgrade */
	size_t early_bytes;
	int64_t next_ping_ns;
	unsigned int unanswered; /* pings since the last byte from the service */
	bool has_more;           /* may be readable though its descriptor does not say so */
	bool said_close;
	uint32_t watched; /* epoll events asked for */
};

/* Connect, send @r (whose nonce is filled here) and wait for the upgrade. Returns 0, or a negative
 * errno as in csharg.h with @e filled. Clean up with leg_done() in any case. */
int leg_open(struct leg *leg, struct csharg_client *c, struct ws_request *r, struct err *e);
void leg_done(struct leg *leg);

/* Queue a control frame, and send what the connection takes. What does not fit is dropped. */
void leg_say(struct leg *leg, enum http_ws_opcode opcode, const void *payload, size_t len_bytes);

/* Queue a close, unless there was one. */
void leg_say_close(struct leg *leg, int code, const char *words);

/* Send what is queued. Returns 0 or -ECONNRESET. */
int leg_flush(struct leg *leg);

/* As transport_recv(), early bytes first. */
ssize_t leg_recv(struct leg *leg, uint8_t *buf, size_t cap_bytes);

#endif
