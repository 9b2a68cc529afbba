/* SPDX-License-Identifier: MIT */
/* What a connection consists of, for the files of the machine: conn.c (states, deadlines, turns),
 * conn_head.c (requests), conn_answer.c (what handlers call), conn_send.c (bytes out), conn_ws.c
 * (WebSockets), server.c. */
#ifndef HTTP_CONN_STATE_H
#define HTTP_CONN_STATE_H

#include "http/ws.h"
#include "loop/loop.h"
#include "service/http/buf.h"
#include "service/http/conn.h"
#include "service/http/conn_set.h"
#include "service/http/env.h"
#include "service/http/request_log.h"
#include "service/http/transport.h"

enum conn_state {
	CONN_HANDSHAKE, /* TLS begins */
	CONN_IDLE,      /* no byte of a request so far, after another one */
	CONN_HEAD,      /* the request comes in */
	CONN_WAITING,   /* the handler answers later */
	CONN_ANSWER,    /* an answer goes out whose end is known */
	CONN_STREAM,    /* pieces go out */
	CONN_UPGRADED,  /* a WebSocket, until both sides have closed it */
	CONN_RELAYED,   /* the handler reads and writes */
	CONN_CLOSING,   /* everything is said; what the client still sends is dropped */
	CONN_STATES,
};

/* What a step of the machine comes to. */
enum conn_step {
	CONN_AGAIN, /* the state has changed, or there is more to do now */
	CONN_PAUSE, /* an event, a wake-up or the deadline goes on from here */
	CONN_YIELD, /* there is more to do, but others have their turn */
	CONN_GONE,  /* the connection is to be freed */
};

struct conn_websocket; /* of an upgraded connection */

struct conn {
	struct http_env *env; /* borrowed */
	struct transport transport;
	struct loop_source source;
	struct loop_timer deadline;
	struct loop_job job;
	struct conn_place place;
	enum conn_state state;
	int64_t began_ns; /* the newest request, or the connection; monotonic */

	struct buf in;         /* read and not understood so far */
	struct http_scan scan; /* of @in */
	struct buf out;        /* goes out before anything else */
	struct conn_body body; /* goes out next; bytes = NULL: none */
	size_t body_at_bytes;
	const struct conn_ops *ops; /* NULL = no handler */
	void *ctx;

	const struct http_request *request; /* while its handler is being called */
	struct conn_websocket *websocket;   /* owned */
	struct request_log log;             /* of the request */
	uint64_t n_sent;                    /* bytes, of this answer */
	uint64_t n_checked;                 /* of these, when the deadline began */
	size_t counted_bytes;               /* of @in, in the server's sum */
	uint16_t status;                    /* of it */
	const char *allow;                  /* the methods of the request's route */

	bool may_read;   /* the socket was readable when last heard of */
	bool is_blocked; /* it takes no more, and will say when it does */
	bool is_woken;   /* conn_wake() was called */
	bool is_running; /* its turn is under way */
	bool is_killed;
	bool is_reserve; /* over the limit: only for what is reserved */
	bool is_head;    /* the request: HEAD */
	bool is_http10;
	bool wants_upgrade; /* with Upgrade: websocket */
	bool is_persistent; /* another request may follow */
	bool is_chunked;
	bool is_limited; /* conn_limit() was called in this state */
	bool has_ended;  /* the stream has no more pieces */
	bool is_cut;     /* and is not whole */
	bool is_half;    /* the client sends no more */
};

/* A turn of a connection writes and reads no more than about this. */
#define CONN_TURN_BYTES 262144

/* --- conn.c --- */

/* Take over @fd, a client at @peer. Returns 0 or a negative errno (@fd is then closed). */
int conn_open(struct http_env *env, int fd, const struct conn_peer *peer, bool is_reserve);
void conn_free(struct conn *c);
void conn_enter(struct conn *c, enum conn_state state);
/* Read from the socket itself: as transport_read(). */
ssize_t conn_read_socket(struct conn *c, void *ret, size_t cap_bytes);
/* Bring the server's sum of bytes up to date. */
void conn_count(struct conn *c);
/* From now on its deadline is in @limit_ns, whatever goes out. */
void conn_limit(struct conn *c, int64_t limit_ns);
/* Its deadline begins anew. */
void conn_touch(struct conn *c);
/* The handler is not needed any more. */
void conn_release(struct conn *c);
/* The answer was sent: the next request, or the end. */
enum conn_step conn_answered(struct conn *c);

/* Steps of the states, and helpers. */
enum conn_step conn_step_head(struct conn *c);
enum conn_step conn_step_answer(struct conn *c);
enum conn_step conn_step_stream(struct conn *c);
enum conn_step conn_step_upgraded(struct conn *c);

/* --- conn_send.c --- */

/* Send @v behind what waits in c->out. *@ret_taken is set to the bytes of @v taken. Returns
 * CONN_AGAIN when all went out, CONN_PAUSE when the socket takes no more, CONN_GONE. */
enum conn_step conn_send(struct conn *c, const struct iovec *v, size_t n, size_t *ret_taken);

/* Ask the handler for pieces and send them with their framing. Returns CONN_AGAIN when the stream
 * has ended and everything has gone out, else as a step. */
enum conn_step conn_send_pieces(struct conn *c);

/* --- conn_ws.c --- */

/* Begin. Returns 0 or -ENOMEM. */
int conn_websocket_new(struct conn *c, bool is_text);
void conn_websocket_free(struct conn *c);
/* The value of Sec-WebSocket-Accept. */
const char *conn_websocket_accept(const struct conn *c);
/* Put the head of a message of @len_bytes into @ret. Returns its bytes. */
size_t conn_websocket_frame(const struct conn *c, size_t len_bytes, uint8_t *ret);
/* Say that we close, with @code and @words. */
void conn_websocket_close(struct conn *c, uint16_t code, const char *words);

#endif
