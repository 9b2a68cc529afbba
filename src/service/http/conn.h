/* SPDX-License-Identifier: MIT */
/* One client connection: a machine of named states (enum conn_state), each with a deadline, that
 * reads one request at a time, calls the handler of its route, and sends the answer.
 *
 * A handler answers with exactly one of conn_reply(), conn_error(), conn_stream(), conn_upgrade()
 * and conn_relay(): at once, or later after conn_wait(). None of them sends: bytes go out when the
 * connection has its turn. No function here frees the connection, or calls back, before it returns.
 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "service/http/request.h"

#define CONN_PIECES_MAX 16 /* of one conn_ops.next() */

struct conn;

/* Why a stream ends. */
struct conn_end {
	bool is_whole;     /* nothing is missing */
	uint16_t code;     /* of a WebSocket's close */
	const char *words; /* its reason; borrowed until the connection has its next turn */
};

/* What a handler does for a connection that waits, streams or is relayed. @ctx is the handler's.
 * Handlers fill in what their state calls. */
struct conn_ops {
	/* Waiting, relayed: conn_wake() was called. Relayed: reading or writing may succeed again.
	 */
	void (*ready)(void *ctx);
	/* Streaming, upgraded: put up to @cap (CONN_PIECES_MAX) pieces that follow what was sent
	 * into
	 * @ret; each becomes one chunk or message, and stays in place until sent() or the next
	 * call. Returns how many, 0 for none now (conn_wake() says when there are), or -1 at the
	 * end: the reason is in @end. */
	int (*next)(void *ctx, struct iovec *ret, int cap, struct conn_end *end);
	/* The first @n of these pieces were taken. */
	void (*sent)(void *ctx, int n);
	/* Upgraded: the client has sent a close. next() then returns the last pieces and -1 without
	 * a wait, and these go out before the close is answered. NULL: it is answered at once. */
	void (*leave)(void *ctx);
	/* The client takes nothing that waits; the connection ends. May be NULL. */
	void (*stuck)(void *ctx);
	/* The connection does not need @ctx any more: its answer was sent, or it has ended. Called
	 * exactly once. */
	void (*free)(void *ctx);
};

/* The head of an answer. */
struct conn_head {
	int status;
	const char *type;   /* Content-Type, NULL = none */
	const char *fields; /* more fields, each with its line end; NULL = none */
	bool is_cacheable;  /* else Cache-Control: no-store is added */
};

/* Bytes of an answer, in place until free(ctx), which may be NULL. */
struct conn_body {
	const void *bytes;
	size_t len_bytes;
	void (*free)(void *ctx);
	void *ctx;
};

enum conn_framing {
	CONN_CHUNKED, /* to the end of the connection for HTTP/1.0 */
	CONN_TO_END,  /* up to the end of the connection */
};

/* The request; valid only until the handler has answered or waits. */
const struct http_request *conn_request(const struct conn *c);

/* Its socket, to ask for addresses and to set options. */
int conn_fd(const struct conn *c);

/* Answer with @body, which is taken over. A HEAD request gets its length. */
void conn_reply(struct conn *c, const struct conn_head *head, const struct conn_body *body);

/* The same with a copy of @text. */
void conn_reply_text(struct conn *c, const struct conn_head *head, const char *text);

/* Answer with an error: {"error":"@words"}, and for a request to upgrade plain text. */
void conn_error(struct conn *c, int status, const char *words);

/* The same, and end the connection: what follows the head is not clear. */
void conn_refuse(struct conn *c, int status, const char *words);

/* Answer later; @ops->free(@ctx) is called when the client leaves before. When the handler answers
 * by conn_stream(), conn_upgrade() or conn_relay() with the same @ctx, that goes on to be used;
 * other answers free it. */
void conn_wait(struct conn *c, const struct conn_ops *ops, void *ctx);

/* Answer with a body of pieces. HEAD requests get the head alone. */
void conn_stream(struct conn *c, const struct conn_head *head, enum conn_framing framing,
	const struct conn_ops *ops, void *ctx);

/* Switch to a WebSocket that sends pieces as messages; @is_text says of which kind. What the client
 * sends is read and dropped. */
void conn_upgrade(struct conn *c, bool is_text, const struct conn_ops *ops, void *ctx);

/* Hand the bytes of the connection to the handler: from now on it reads and writes them itself.
 * What came behind the head is read first. */
void conn_relay(struct conn *c, const struct conn_ops *ops, void *ctx);

/* Note the status of the relayed answer, for the log. */
void conn_relayed_status(struct conn *c, int status);

/* For a relayed connection: as recv() and send(): bytes, 0 at the end of the stream, -EAGAIN
 * (ready() is called when it may succeed) or another negative errno. */
ssize_t conn_read(struct conn *c, void *ret, size_t cap_bytes);
ssize_t conn_write(struct conn *c, const void *p, size_t len_bytes);

/* End a relayed connection: everything was written. What the client still sends is dropped. */
void conn_finish(struct conn *c);

/* There is something new for the connection's handler: it gets a turn. */
void conn_wake(struct conn *c);

/* End the connection at its next turn, without another word. */
void conn_kill(struct conn *c);

/* The client's address as text. */
void conn_peer_name(const struct conn *c, char *ret, size_t cap_bytes);

#endif
