/* SPDX-License-Identifier: MIT */
/* Sending a session's pieces over its connection, as WebSocket messages or as chunks of a plain HTTP
 * answer, straight from the stream buffer. */
#ifndef SERVE_STREAM_H
#define SERVE_STREAM_H

#include "service/serve/connection.h"

/* The socket takes more. Each returns what the libwebsockets callback has to return. */
int stream_write_ws(struct connection *c);
int stream_write_http(struct connection *c);

#endif
