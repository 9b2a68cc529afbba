/* SPDX-License-Identifier: MIT */
/* Sending what a dig tells over its WebSocket: one text message each. */
#ifndef SERVE_DIG_WS_H
#define SERVE_DIG_WS_H

#include "service/serve/connection.h"

/* The WebSocket is there: begin. Each returns what the libwebsockets callback has to return. */
int dig_ws_begin(struct connection *c, const char *target);

/* The socket takes more. */
int dig_ws_write(struct connection *c);

#endif
