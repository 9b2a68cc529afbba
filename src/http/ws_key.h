/* SPDX-License-Identifier: MIT */
/* The keys of a WebSocket handshake (RFC 6455 sections 4.1 and 4.2.2). No I/O, no allocation. */
#ifndef HTTP_WS_KEY_H
#define HTTP_WS_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "http/slice.h"

#define HTTP_WS_NONCE_BYTES  16
#define HTTP_WS_KEY_CHARS    24 /* base 64 of the nonce */
#define HTTP_WS_ACCEPT_CHARS 28 /* base 64 of a SHA-1 */

/* Write the Sec-WebSocket-Key of @nonce, with its NUL. */
void http_ws_make_key(const uint8_t nonce[HTTP_WS_NONCE_BYTES], char ret[HTTP_WS_KEY_CHARS + 1]);

/* True when @s is a Sec-WebSocket-Key: base 64 of 16 bytes. */
bool http_ws_is_key(struct http_slice s);

/* Write the Sec-WebSocket-Accept that answers @key, HTTP_WS_KEY_CHARS bytes, with its NUL. */
void http_ws_accept(const char *key, char ret[HTTP_WS_ACCEPT_CHARS + 1]);

#endif
