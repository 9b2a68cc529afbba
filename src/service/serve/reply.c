/* SPDX-License-Identifier: MIT */
#include "service/serve/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/own.h"
#include "service/serve/negotiate.h"

#define HEADERS_MAX 2048
#define PIECE_BYTES 65536
#define BURST       8 /* pieces in a row, then other connections have their turn */

int reply_add_header(
	struct lws *wsi, const char *name, const char *value, unsigned char **p, unsigned char *end)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *) name,
		(const unsigned char *) value, (int) strlen(value), p, end);
}

static const char page_policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
				  "img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
				  "form-action 'none'; frame-ancestors 'none'";

static int add_cache_headers(const struct connection *c, unsigned char **p, unsigned char *end)
{
	const char *tag = c->doc ? c->doc->tag : NULL;
	/* what only some may see is not for files of a browser */
	bool keeps = tag && !c->app->config->token;

	if (reply_add_header(
		    c->wsi, "cache-control:", keeps ? "private, no-cache" : "no-store", p, end))
		return -1;
	return tag ? reply_add_header(c->wsi, "etag:", tag, p, end) : 0;
}

/* Documents come in two forms. */
static int add_form_headers(const struct connection *c, unsigned char **p, unsigned char *end)
{
	if (!c->doc)
		return 0;
	if (c->doc->is_gzip && reply_add_header(c->wsi, "content-encoding:", "gzip", p, end))
		return -1;
	return reply_add_header(c->wsi, "vary:", "Accept-Encoding", p, end);
}

static int add_headers(const struct connection *c, int status, const char *type, unsigned char **p,
	unsigned char *end)
{
	struct lws *wsi = c->wsi;

	if (lws_add_http_common_headers(
		    wsi, (unsigned int) status, type, c->body_len_bytes, p, end) ||
		add_cache_headers(c, p, end) || add_form_headers(c, p, end) ||
		reply_add_header(wsi, "x-content-type-options:", "nosniff", p, end) ||
		reply_add_header(wsi, "content-security-policy:", page_policy, p, end))
		return -1;
	if (status == 401 && reply_add_header(wsi, "www-authenticate:", "Bearer", p, end))
		return -1;
	if (status == 405 && reply_add_header(wsi, "allow:", "GET, HEAD", p, end))
		return -1;
	/* the next request may be for another service, and those need a connection of their own */
	if (c->app->config->proxy && reply_add_header(wsi, "connection:", "close", p, end))
		return -1;
	/* the version we speak: also in answers to requests that should have been upgrades */
	if (c->asked.is_upgrade || status == 400)
		if (reply_add_header(wsi, "sec-websocket-version:", "13", p, end))
			return -1;
	return lws_finalize_http_header(wsi, p, end);
}

static int completed(struct connection *c)
{
	free(TAKE_PTR(c->text));
	document_unref(TAKE_PTR(c->doc));
	c->kind = CONNECTION_NEW;
	return c->app->config->proxy || lws_http_transaction_completed(c->wsi) ? -1 : 0;
}

/* Send as much of the body as goes into one write after the @used bytes that stand in @buf after
 * LWS_PRE. */
static int write_piece(struct connection *c, unsigned char *buf, size_t used)
{
	size_t left = c->body_len_bytes - c->sent_bytes;
	size_t n = left < PIECE_BYTES ? left : PIECE_BYTES;
	bool is_last = n == left;

	if (n > 0)
		memcpy(buf + LWS_PRE + used, c->body + c->sent_bytes, n);
	if (lws_write(c->wsi, buf + LWS_PRE, used + n,
		    is_last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
		return -1;
	c->sent_bytes += n;
	if (is_last)
		return completed(c);
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_HTTP_CONTENT, 30);
	lws_callback_on_writable(c->wsi);
	return 0;
}

/* The head of the answer, and as much of @c->body as goes with it: for most answers that is one
 * packet less and one wake-up less for their client. */
static int begin(struct connection *c, int status, const char *type)
{
	unsigned char buf[LWS_PRE + HEADERS_MAX + PIECE_BYTES], *start = buf + LWS_PRE, *p = start;

	c->kind = CONNECTION_REPLY;
	c->sent_bytes = 0;
	if (add_headers(c, status, type, &p, start + HEADERS_MAX))
		return -1;
	/* there is room for few requests' headers, and the client may take its time */
	(void) lws_http_headers_detach(c->wsi);
	words_done(&c->words);
	if (status == 304 || c->asked.is_head)
		c->sent_bytes = c->body_len_bytes;
	return write_piece(c, buf, (size_t) (p - start));
}

int reply_begin(struct connection *c, int status, const char *type, char *body, size_t len_bytes)
{
	if (!body)
		return -1;
	c->body = c->text = body;
	c->body_len_bytes = len_bytes;
	return begin(c, status, type);
}

int reply_document(struct connection *c, struct document *d)
{
	bool known = c->asked.known && negotiate_knows(c->asked.known, d->tag);

	c->doc = document_ref(d);
	c->body = d->p;
	c->body_len_bytes = d->len_bytes;
	return begin(c, known ? 304 : 200, "application/json");
}

int reply_text(struct connection *c, int status, const char *type, const char *body)
{
	return reply_begin(c, status, type, strdup(body), strlen(body));
}

/* {"error":"..."}, owned by the caller; NULL without memory. */
static char *error_json(const char *text)
{
	json_t *j = json_pack("{s:s%}", "error", text, strlen(text));
	char *s = j ? json_dumps(j, JSON_COMPACT) : NULL;

	json_decref(j);
	return s;
}

int reply_error(struct connection *c, int status, const char *text)
{
	char *s = error_json(text);

	return reply_begin(c, status, "application/json", s, s ? strlen(s) : 0);
}

int reply_continue(struct connection *c)
{
	unsigned char buf[LWS_PRE + PIECE_BYTES];

	for (int i = 0; i < BURST; i++) {
		/* behind it, @c may be gone or have its next request */
		bool is_last = c->body_len_bytes - c->sent_bytes <= PIECE_BYTES;
		int rc = write_piece(c, buf, 0);

		if (rc || is_last || lws_send_pipe_choked(c->wsi))
			return rc;
	}
	return 0;
}

static const char *phrase_of(int status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 421:
		return "Misdirected Request";
	default:
		return "Request Header Fields Too Large";
	}
}

/* libwebsockets does not know the version of the request at this point and would answer in
 * HTTP/1.0, which WebSocket clients do not understand: the whole answer is ours. */
int reply_refuse_upgrade(struct lws *wsi, int status, const char *text)
{
	unsigned char buf[LWS_PRE + ERR_TEXT_MAX + HEADERS_MAX];
	int n = snprintf((char *) buf + LWS_PRE, sizeof(buf) - LWS_PRE,
		"HTTP/1.1 %d %s\r\nServer: packetflix\r\n"
		"Content-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
		"Sec-Websocket-Version: 13\r\n%s%sConnection: close\r\n\r\n%s\n",
		status, phrase_of(status), strlen(text) + 1,
		status == 401 ? "WWW-Authenticate: Bearer\r\n" : "",
		status == 405 ? "Allow: GET, HEAD\r\n" : "", text);

	(void) lws_write(wsi, buf + LWS_PRE, (size_t) n, LWS_WRITE_HTTP_FINAL);
	return -1;
}
