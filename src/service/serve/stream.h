/* SPDX-License-Identifier: MIT */
/* Sending a session's pieces over its connection, as WebSocket messages or as chunks of a plain
 * HTTP answer, straight from the stream buffer. */
#ifndef SERVE_STREAM_H
#define SERVE_STREAM_H

#include "service/serve/connection.h"

/* The socket takes more. Each returns what the libwebsockets callback has to return. */
int stream_write_ws(struct connection *c);
int stream_write_http(struct connection *c);

/* End a WebSocket with this reason. Returns as above. */
int stream_close_ws(struct connection *c, const struct refusal *why);

/* A client of a plain HTTP stream has nothing more to say, and libwebsockets does not read what it
 * says all the same, or that it leaves, but would wake up for it for ever. So a stream with nothing
 * to send does not listen, and its client is looked at every second instead. */

/* There is something to send again. */
void stream_resume(struct connection *c);

/* Look whether the client is still there, now and every second. Returns as above. */
int stream_check_peer(struct connection *c);

#endif
