/* SPDX-License-Identifier: MIT */
#include "http/ws_key.h"

#include <string.h>

#include "http/sha1.h"

#define PADDING 2 /* '=' at the end of the base 64 of 16 bytes */

void http_ws_make_key(const uint8_t nonce[HTTP_WS_NONCE_BYTES], char ret[HTTP_WS_KEY_CHARS + 1])
{
	base64_encode(nonce, HTTP_WS_NONCE_BYTES, ret);
}

static bool is_base64(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/';
}

bool http_ws_is_key(struct http_slice s)
{
	if (s.len_bytes != HTTP_WS_KEY_CHARS ||
		memcmp(s.p + HTTP_WS_KEY_CHARS - PADDING, "==", PADDING) != 0)
		return false;
	for (int i = 0; i < HTTP_WS_KEY_CHARS - PADDING; i++) {
		if (!is_base64(s.p[i]))
			return false;
	}
	/* the last digit holds two bits; the others of it are zero */
	return strchr("AQgw", s.p[HTTP_WS_KEY_CHARS - PADDING - 1]);
}

void http_ws_accept(const char *key, char ret[HTTP_WS_ACCEPT_CHARS + 1])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	uint8_t text[HTTP_WS_KEY_CHARS + sizeof(guid) - 1], digest[SHA1_BYTES];

	memcpy(text, key, HTTP_WS_KEY_CHARS);
	memcpy(text + HTTP_WS_KEY_CHARS, guid, sizeof(guid) - 1);
	sha1(text, sizeof(text), digest);
	base64_encode(digest, sizeof(digest), ret);
}
