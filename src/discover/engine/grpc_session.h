/* SPDX-License-Identifier: MIT */
/* The client's side of gRPC over one HTTP/2 connection: bytes in, bytes out, no I/O, no clock. The
 * protocol is that of gRPC's "gRPC over HTTP2" document, without compression; HTTP/2 (RFC 9113) is
 * libnghttp2's work. Whatever the other side sends ends at worst all calls. */
#ifndef DISCOVER_GRPC_SESSION_H
#define DISCOVER_GRPC_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define GRPC_PREFIX_BYTES 5 /* in front of each message: compressed or not, length (big-endian) */
#define GRPC_HEAD_MAX                                                                              \
	16384 /* bytes of header fields that we tell the other side to send at most                \
	       */

struct grpc_session;
struct grpc_call;

struct grpc_ask {
	const char *path;    /* "/PACKAGE.SERVICE/METHOD"; copied */
	const char *ns;      /* containerd's namespace, which goes into a header field; NULL = none;
				copied */
	const void *message; /* encoded, copied */
	size_t len_bytes;
	size_t max_bytes; /* of one message of the answer */
	int timeout_ms;   /* for all of it; 0 = no limit */
	bool stream;      /* the answer may be of more than one message */
	/* A message has come in; borrowed until this returns. May not start or cancel calls. NULL:
	 * nobody wants to know. */
	void (*message_fn)(void *ctx, const uint8_t *p, size_t len_bytes);
	/* The end, see struct grpc_done; the call is gone. */
	void (*done_fn)(void *ctx, int result);
	void *ctx;
};

/* A call that has ended. @result is 0 when the other side says that all went well, -EOPNOTSUPP when
 * it does not know the method, -ENOENT when it does not know the object, -EREMOTEIO for its other
 * errors, -EBADMSG when its answer was malformed, -E2BIG for a message beyond its limit,
 * -ETIMEDOUT, or -EIO when the stream or the connection broke. */
struct grpc_done {
	void (*fn)(void *ctx, int result);
	void *ctx;
	int result;
};

/* NULL without memory. */
struct grpc_session *grpc_session_new(void);

/* Forget all calls. NULL is fine. */
void grpc_session_free(struct grpc_session *s);

/* Begin a call; @now_ns is any steady clock's. NULL without memory, or when the session has ended.
 */
struct grpc_call *grpc_session_start(
	struct grpc_session *s, const struct grpc_ask *ask, int64_t now_ns);

/* Forget a call without its @done_fn. NULL is fine. */
void grpc_session_cancel(struct grpc_session *s, struct grpc_call *c);

/* Take bytes that came in. Returns 0, or -EPROTO when the connection must be given up. */
int grpc_session_feed(struct grpc_session *s, const uint8_t *p, size_t len_bytes);

/* The next bytes to send, valid until the next call of this function. Returns how many, 0 when
 * there is nothing to send, or -EPROTO when the connection must be given up. */
ssize_t grpc_session_pull(struct grpc_session *s, const uint8_t **ret);

/* End every call with @result. */
void grpc_session_end(struct grpc_session *s, int result);

/* End the calls whose time is over. */
void grpc_session_expire(struct grpc_session *s, int64_t now_ns);

/* When the next call's time is over, INT64_MAX when none has a limit. */
int64_t grpc_session_deadline(const struct grpc_session *s);

/* Take one of the calls that have ended. Returns false when there is none. */
bool grpc_session_take_done(struct grpc_session *s, struct grpc_done *ret);

#endif
