/* SPDX-License-Identifier: MIT */
/* Answers of known length, and error answers. */
#ifndef SERVE_REPLY_H
#define SERVE_REPLY_H

#include <stddef.h>

#include "service/serve/connection.h"

/* Send status and headers now, and the @len_bytes of @body (taken over, malloc'ed) as the socket
 * takes them. Returns what the libwebsockets callback has to return. */
int reply_begin(struct connection *c, int status, const char *type, char *body, size_t len_bytes);

/* As reply_begin() with a copy of text @body. */
int reply_text(struct connection *c, int status, const char *type, const char *body);

/* Answer 200 with @d, of which a reference is taken, or 304 when the client has it already. */
int reply_document(struct connection *c, struct document *d);

/* An error as JSON: {"error":"..."}. */
int reply_error(struct connection *c, int status, const char *text);

/* The socket takes more of the body. */
int reply_continue(struct connection *c);

/* Add header @name (lower case, with its colon) to the headers that end at *@p and may go up to
 * @end. Returns not 0 when there is no room. */
int reply_add_header(struct lws *wsi, const char *name, const char *value, unsigned char **p,
	unsigned char *end);

/* Answer an upgrade request with an error, without a connection of ours; always returns -1, for
 * LWS_CALLBACK_HTTP_CONFIRM_UPGRADE. */
int reply_refuse_upgrade(struct lws *wsi, int status, const char *text);

#endif
