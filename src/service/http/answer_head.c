/* SPDX-License-Identifier: MIT */
#include "service/http/answer_head.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* What browsers may do with an answer: nothing is framed, guessed, or read by pages elsewhere, and
 * the page runs nothing but its own files. */
#define BROWSER_FIELDS                                                                             \
	"X-Content-Type-Options: nosniff\r\n"                                                      \
	"X-Frame-Options: DENY\r\n"                                                                \
	"Referrer-Policy: no-referrer\r\n"                                                         \
	"Cross-Origin-Resource-Policy: same-origin\r\n"                                            \
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "       \
	"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "          \
	"frame-ancestors 'none'\r\n"

const char *answer_head_phrase(int status)
{
	switch (status) {
	case 101:
		return "Switching Protocols";
	case 200:
		return "OK";
	case 201:
		return "Created";
	case 204:
		return "No Content";
	case 304:
		return "Not Modified";
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
	case 413:
		return "Content Too Large";
	case 414:
		return "URI Too Long";
	case 421:
		return "Misdirected Request";
	case 431:
		return "Request Header Fields Too Large";
	case 500:
		return "Internal Server Error";
	case 501:
		return "Not Implemented";
	case 502:
		return "Bad Gateway";
	case 503:
		return "Service Unavailable";
	case 504:
		return "Gateway Timeout";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Unknown";
	}
}

struct out {
	char *p;
	size_t cap_bytes, len_bytes;
};

static void put(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct out *o, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(o->p + o->len_bytes, o->cap_bytes - o->len_bytes, fmt, ap);
	va_end(ap);
	assert(n >= 0 && (size_t) n < o->cap_bytes - o->len_bytes);
	o->len_bytes += (size_t) n;
}

static void put_upgrade(struct out *o, const char *accept)
{
	put(o,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\n\r\n",
		accept);
}

/* How long the answer is, and what follows it. */
static void put_framing(struct out *o, const struct answer_head *h)
{
	if (h->has_length)
		put(o, "Content-Length: %" PRIu64 "\r\n", h->len_bytes);
	if (h->is_chunked)
		put(o, "Transfer-Encoding: chunked\r\n");
	if (h->closes)
		put(o, "Connection: close\r\n");
	else if (h->is_http10)
		put(o, "Connection: keep-alive\r\n");
}

size_t answer_head_put(const struct answer_head *h, char *ret, size_t cap_bytes)
{
	struct out o = {ret, cap_bytes, 0};

	if (h->status == 101) {
		put_upgrade(&o, h->accept);
		return o.len_bytes;
	}
	put(&o, "HTTP/1.1 %d %s\r\nServer: packetflix\r\n", h->status,
		answer_head_phrase(h->status));
	if (h->type)
		put(&o, "Content-Type: %s\r\n", h->type);
	put_framing(&o, h);
	if (h->fields)
		put(&o, "%s", h->fields);
	if (h->no_store)
		put(&o, "Cache-Control: no-store\r\n");
	if (h->status == 401)
		put(&o, "WWW-Authenticate: Bearer\r\n");
	if (h->status == 405)
		put(&o, "Allow: %s\r\n", h->allow);
	if (h->is_upgrade)
		put(&o, "Sec-Websocket-Version: 13\r\n");
	put(&o, BROWSER_FIELDS "\r\n");
	return o.len_bytes;
}
