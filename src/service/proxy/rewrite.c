/* SPDX-License-Identifier: MIT */
#include "service/proxy/rewrite.h"

#include <string.h>
#include <strings.h>

#include "base/own.h"
#include "service/proxy/forward_target.h"

/* Of one connection, RFC 9110 section 7.6.1; a Connection field may name more. Transfer-Encoding
 * stays, as bodies are passed on in the form they have. */
static const char *const hop_by_hop[] = {"connection", "keep-alive", "proxy-authenticate",
	"proxy-authorization", "proxy-connection", "te", "upgrade"};

static void put(struct wbuf *w, struct http_slice s)
{
	wbuf_bytes(w, s.p, s.len_bytes);
}

static void put_text(struct wbuf *w, const char *text)
{
	wbuf_bytes(w, text, strlen(text));
}

static void put_field(struct wbuf *w, struct http_slice name, struct http_slice value)
{
	put(w, name);
	put_text(w, ": ");
	put(w, value);
	put_text(w, "\r\n");
}

static struct http_slice slice_of(const char *text)
{
	return (struct http_slice){text, strlen(text)};
}

/* Is field @name of one connection because a Connection field says so? */
static bool is_named(const struct http_head *h, struct http_slice name)
{
	for (uint32_t i = 0; i < h->n_fields; i++) {
		struct http_slice list = h->fields[i].value, element;

		if (!http_slice_is_nocase(h->fields[i].name, "connection"))
			continue;
		while (http_slice_next(&list, &element)) {
			if (element.len_bytes == name.len_bytes &&
				strncasecmp(element.p, name.p, name.len_bytes) == 0)
				return true;
		}
	}
	return false;
}

static bool is_hop_by_hop(const struct http_head *h, struct http_slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(hop_by_hop); i++) {
		if (http_slice_is_nocase(name, hop_by_hop[i]))
			return true;
	}
	/* framing must not be named away */
	if (http_slice_is_nocase(name, "content-length") ||
		http_slice_is_nocase(name, "transfer-encoding"))
		return false;
	return is_named(h, name);
}

bool rewrite_wants_upgrade(const struct http_head *request)
{
	const struct http_slice *to = http_head_single(request, "upgrade");

	return !request->is_http10 && http_slice_is_nocase(request->method, "GET") && to &&
	       http_slice_is_nocase(*to, "websocket") &&
	       http_head_lists(request, "connection", "upgrade");
}

/* The forwarded addresses that the request came with, and the client's. */
static void put_forwarded_for(const struct http_head *h, const char *peer, struct wbuf *w)
{
	put_text(w, "X-Forwarded-For: ");
	for (uint32_t i = 0; i < h->n_fields; i++) {
		if (!http_slice_is_nocase(h->fields[i].name, "x-forwarded-for") ||
			is_hop_by_hop(h, h->fields[i].name))
			continue;
		put(w, h->fields[i].value);
		put_text(w, ", ");
	}
	put_text(w, peer);
	put_text(w, "\r\n");
}

static bool is_replaced(struct http_slice name, bool hides_token)
{
	return http_slice_is_nocase(name, "host") ||
	       http_slice_is_nocase(name, "enable-monolith") ||
	       http_slice_is_nocase(name, "x-forwarded-for") ||
	       (hides_token && http_slice_is_nocase(name, "authorization"));
}

static void put_fields(const struct http_head *h, struct wbuf *w)
{
	for (uint32_t i = 0; i < h->n_fields; i++) {
		const struct http_field *f = &h->fields[i];

		if (!is_hop_by_hop(h, f->name))
			put_field(w, f->name, f->value);
	}
}

void rewrite_request(const struct http_head *h, const struct rewrite_names *r, struct wbuf *w)
{
	struct http_head kept = *h;

	kept.n_fields = 0;
	for (uint32_t i = 0; i < h->n_fields; i++) {
		if (!is_replaced(h->fields[i].name, r->hides_token))
			kept.fields[kept.n_fields++] = h->fields[i];
	}
	put(w, h->method);
	put_text(w, " ");
	forward_target_put(h->target, r->hides_token, w);
	put_text(w, h->is_http10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
	put_field(w, slice_of("Host"), slice_of(r->authority));
	put_fields(&kept, w);
	put_field(w, slice_of("Enable-Monolith"), slice_of("Affirmative, Dave"));
	put_forwarded_for(h, r->peer, w);
	if (rewrite_wants_upgrade(h))
		put_text(w, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
	else
		put_text(w, "Connection: close\r\n");
	put_text(w, "\r\n");
}

void rewrite_answer(const struct http_head *h, struct wbuf *w)
{
	char status[] = {(char) ('0' + h->status / 100), (char) ('0' + h->status / 10 % 10),
		(char) ('0' + h->status % 10), ' ', '\0'};

	put_text(w, h->is_http10 ? "HTTP/1.0 " : "HTTP/1.1 ");
	put_text(w, status);
	put(w, h->reason);
	put_text(w, "\r\n");
	put_fields(h, w);
	if (h->status == 101)
		put_text(w, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
	else if (h->status >= 200)
		put_text(w, "Connection: close\r\n");
	put_text(w, "\r\n");
}
