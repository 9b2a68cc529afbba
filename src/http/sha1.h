/* SPDX-License-Identifier: MIT */
/* SHA-1 (FIPS 180-4), which the WebSocket handshake prescribes; it protects nothing there. */
#ifndef HTTP_SHA1_H
#define HTTP_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_BYTES       20
#define SHA1_MESSAGE_MAX 119 /* two blocks are all we need */

/* The digest of @len_bytes (at most SHA1_MESSAGE_MAX) bytes at @p. */
void sha1(const uint8_t *p, size_t len_bytes, uint8_t ret[SHA1_BYTES]);

/* Base 64 (RFC 4648) of @len_bytes bytes with padding and NUL: 4 * ((len + 2) / 3) + 1 bytes. */
void base64_encode(const uint8_t *p, size_t len_bytes, char *ret);

#endif
