/* SPDX-License-Identifier: MIT */
/* Why a request is not served: the words of the wire contract, and the codes they travel with. */
#ifndef ADMIT_REFUSAL_H
#define ADMIT_REFUSAL_H

#include "base/err.h"

/* WebSocket close codes we send (RFC 6455 section 7.4.1). */
enum close_code {
	CLOSE_NORMAL = 1000,
	CLOSE_GOING_AWAY = 1001,
	CLOSE_POLICY = 1008,
	CLOSE_INTERNAL = 1011,
	CLOSE_TRY_AGAIN_LATER = 1013,
};

struct refusal {
	int http_status;         /* for plain HTTP streaming */
	int close_code;          /* enum close_code, for WebSockets */
	char text[ERR_TEXT_MAX]; /* UTF-8; cut to 123 bytes only when put into a close frame */
};

/* Fill @r and return @code (a negative errno), so that callers can return the call. */
int refuse(struct refusal *r, int code, int http_status, int close_code, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* refuse() for want of memory: -ENOMEM. */
int refuse_nomem(struct refusal *r);

#endif
