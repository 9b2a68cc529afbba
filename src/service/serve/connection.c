/* SPDX-License-Identifier: MIT */
#include "service/serve/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/version.h"
#include "service/serve/access.h"
#include "service/serve/dig.h"
#include "service/serve/dig_ws.h"
#include "service/serve/endpoints.h"
#include "service/serve/events.h"
#include "service/serve/metrics.h"
#include "service/serve/page.h"
#include "service/serve/reply.h"
#include "service/serve/request_log.h"
#include "service/serve/stream.h"

#define DIG_PATH       "/mobydig"
#define DIG_TARGET     "missing or multiple target query parameters"
#define PATH_MAX_BYTES 2048
#define LIST_MAX_BYTES 128 /* of a Connection header: as long as libwebsockets reads it */
#define KEY_BYTES      24  /* base64 of 16 bytes, RFC 6455 section 4.1 */

static void wake(void *ctx)
{
	struct connection *c = ctx;

	if (c->kind == CONNECTION_STREAM)
		stream_resume(c);
	lws_callback_on_writable(c->wsi);
}

static void stuck(void *ctx)
{
	struct connection *c = ctx;

	log_info("a viewer takes nothing, ending its connection");
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

const struct viewer_ops connection_ops = {.wake = wake, .stuck = stuck};

/* What a connection may hold, released; it can then take another request. */
static void release(struct connection *c)
{
	if (!c->app)
		return;
	catalog_client_cancel(&c->app->catalog, &c->waiter);
	events_end(c);
	session_free(c->session);
	dig_free(c->dig);
	endpoints_viewer_goes(c->app, &c->peer);
	words_done(&c->words);
	free(c->text);
	document_unref(c->doc);
	memset(c, 0, sizeof(*c));
}

static void on_catalog(void *ctx, bool is_fresh)
{
	struct connection *c = ctx;

	c->has_waited = true;
	c->is_fresh = is_fresh;
	lws_callback_on_writable(c->wsi);
}

/* An answer about the host is current, or was not long ago; one that is fresh comes of a scan begun
 * after the question. */
static int begin_document(struct connection *c, const struct catalog_document *d, uint8_t documents)
{
	struct catalog_client *cat = &c->app->catalog;
	int64_t now_ns = clock_mono_ns();

	if (!c->words.is_fresh && catalog_client_is_current(cat, documents, now_ns)) {
		catalog_client_renew(cat, documents, now_ns);
		return reply_document(c, d->document);
	}
	c->kind = CONNECTION_CATALOG;
	c->wanted = d;
	c->waiter.documents = documents;
	c->waiter.ready = on_catalog;
	c->waiter.ctx = c;
	lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0);
	if (c->words.is_fresh)
		catalog_client_wait(cat, &c->waiter, now_ns);
	else
		catalog_client_check(cat, &c->waiter, now_ns);
	return 0;
}

static int begin_targets(struct connection *c)
{
	return begin_document(c, &c->app->catalog.mobyshark, 0);
}

/* Icons come for any value of the parameter but "off", also for none. */
static int begin_json(struct connection *c)
{
	bool icons = c->words.ieappicons && strcmp(c->words.ieappicons, "off") != 0;

	return begin_document(c, &c->app->catalog.documents[icons],
		icons ? MSG_DOCUMENT_ICONS : MSG_DOCUMENT_JSON);
}

static int end_wait(struct connection *c)
{
	if (!c->has_waited)
		return 0;
	c->has_waited = false;
	if (!c->is_fresh || !c->wanted->document)
		return reply_error(c, 504, "discovery does not answer");
	return reply_document(c, c->wanted->document);
}

static int begin_stream(struct connection *c)
{
	char version[16] = "";

	(void) lws_hdr_copy(c->wsi, version, (int) sizeof(version), WSI_TOKEN_HTTP);
	c->is_chunked = strcmp(version, "HTTP/1.0") != 0;
	c->kind = CONNECTION_STREAM;
	lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0);
	endpoints_viewer_comes(c->app, lws_get_socket_fd(c->wsi), &c->peer);
	c->session = session_new(&c->app->env, &c->words.words, &connection_ops, c);
	words_done(&c->words);
	return c->session ? stream_check_peer(c) : -1;
}

static int reply_metrics(struct connection *c)
{
	char *text = metrics_text(c->app);

	return reply_begin(c, 200, METRICS_TYPE, text, text ? strlen(text) : 0);
}

static int reply_ready(struct connection *c)
{
	if (c->app->is_ending)
		return reply_error(c, 503, "shutting down");
	if (!c->app->catalog.has_catalog || c->app->catalog.channel < 0)
		return reply_error(c, 503, "discovery is not ready");
	return reply_text(c, 200, "text/plain; charset=utf-8", "ready\n");
}

/* The first two members are those of the original service. What it cannot do is told by the third:
 * clients work around it where they do not find it. */
static int reply_version(struct connection *c)
{
	return reply_text(c, 200, "application/json",
		"{\"name\":\"packetflix\",\"version\":\"" PACKETFLIX_VERSION "\","
		"\"features\":[\"filter-every-interface\"]}");
}

static bool is_get(struct lws *wsi)
{
	return lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0 ||
	       lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
}

static int route(struct connection *c, const char *path)
{
	const struct page *page = page_find(path);

	if (strcmp(path, "/version") == 0)
		return reply_version(c);
	if (strcmp(path, "/capture") == 0)
		return reply_error(
			c, 400, "a WebSocket is needed here; /capture.pcapng is plain HTTP");
	if (strcmp(path, "/healthz") != 0 && strcmp(path, "/readyz") != 0 &&
		strcmp(path, "/metrics") != 0 && strcmp(path, "/capture.pcapng") != 0 &&
		c->app->config->proxy)
		return reply_error(c, 421, "this request needs a connection of its own");
	if (!is_get(c->wsi))
		return reply_error(c, 405, "only GET is served here");
	if (strcmp(path, DIG_PATH) == 0)
		return reply_error(c, 400,
			c->words.n_targets == 1 ? "a WebSocket is needed here" : DIG_TARGET);
	if (strcmp(path, "/capture.pcapng") == 0)
		return begin_stream(c);
	if (strcmp(path, "/mobyshark") == 0 || strcmp(path, "/discover/mobyshark") == 0)
		return begin_targets(c);
	if (strcmp(path, "/events") == 0)
		return events_begin(c);
	if (strcmp(path, "/json") == 0)
		return begin_json(c);
	if (strcmp(path, "/healthz") == 0)
		return reply_text(c, 200, "text/plain; charset=utf-8", "ok\n");
	if (strcmp(path, "/readyz") == 0)
		return reply_ready(c);
	if (strcmp(path, "/metrics") == 0)
		return reply_metrics(c);
	if (page)
		return reply_begin(c, 200, page->type, page_copy(page), page->len_bytes);
	return reply_error(c, 404, "404 page not found");
}

static int on_http(struct connection *c, struct lws *wsi, const char *path)
{
	const char *why = "";
	int status;

	release(c); /* what the request before on this connection left */
	c->wsi = wsi;
	c->app = app_of(wsi);
	request_log(c->app, wsi, path);
	if (words_read(wsi, &c->words) < 0)
		return reply_error(c, 431, "the request is too large");
	status = access_check(c->app, wsi, path, c->words.token, &why);
	if (status)
		return reply_error(c, status, why);
	return route(c, path);
}

/* The path of a request that wants to be upgraded. */
static bool upgrade_path(struct lws *wsi, char *ret, size_t cap)
{
	return lws_hdr_copy(wsi, ret, (int) cap, WSI_TOKEN_GET_URI) > 0;
}

/* Is @key (of KEY_BYTES characters) base64 of 16 bytes? */
static bool is_key(const char *key)
{
	char bytes[KEY_BYTES];

	return lws_b64_decode_string(key, bytes, (int) sizeof(bytes)) == 16;
}

/* Is @word in the comma-separated list @text? */
static bool is_listed(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (;;) {
		text += strspn(text, ", \t");
		if (*text == '\0')
			return false;
		if (strcspn(text, ", \t") == len && strncasecmp(text, word, len) == 0)
			return true;
		text += strcspn(text, ", \t");
	}
}

/* Does the request ask for a WebSocket? libwebsockets looks for the token in Connection only after
 * us, and then hangs up without a word. */
static bool asks_for_websocket(struct lws *wsi, const char *to)
{
	char list[LIST_MAX_BYTES];

	return strcasecmp(to, "websocket") == 0 &&
	       lws_hdr_copy(wsi, list, (int) sizeof(list), WSI_TOKEN_CONNECTION) > 0 &&
	       is_listed(list, "upgrade");
}

static bool is_dig(const struct app *a, const char *path)
{
	return !a->config->proxy && strcmp(path, DIG_PATH) == 0;
}

/* RFC 6455 section 4.2.1, and who may ask. */
static int on_upgrade(struct lws *wsi, const char *to)
{
	struct app *a = app_of(wsi);
	char path[PATH_MAX_BYTES], version[8], key[KEY_BYTES + 2];
	struct words words;
	const char *why = "";
	uint32_t n_targets;
	int status;

	if (!upgrade_path(wsi, path, sizeof(path)))
		return reply_refuse_upgrade(wsi, 405, "Method Not Allowed");
	request_log(a, wsi, path);
	if (!asks_for_websocket(wsi, to) ||
		lws_hdr_copy(wsi, version, (int) sizeof(version), WSI_TOKEN_VERSION) <= 0 ||
		strcmp(version, "13") != 0 ||
		lws_hdr_copy(wsi, key, (int) sizeof(key), WSI_TOKEN_KEY) != KEY_BYTES ||
		!is_key(key))
		return reply_refuse_upgrade(wsi, 400, "Bad Request");
	/* libwebsockets would take their names for those of its handlers */
	if (lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) > 0)
		return reply_refuse_upgrade(wsi, 400, "no subprotocol is spoken here");
	if (words_read(wsi, &words) < 0)
		return reply_refuse_upgrade(wsi, 431, "Request Header Fields Too Large");
	status = access_check(a, wsi, path, words.token, &why);
	n_targets = words.n_targets;
	words_done(&words);
	if (status)
		return reply_refuse_upgrade(wsi, status, why);
	if (is_dig(a, path))
		return n_targets == 1 ? 0 : reply_refuse_upgrade(wsi, 400, DIG_TARGET);
	if (strcmp(path, "/capture") != 0)
		return reply_refuse_upgrade(wsi, 404, "404 page not found");
	return 0;
}

/* A client closes a WebSocket: libwebsockets answers with the same code and reason, unless they are
 * not legal (RFC 6455 section 7.4); then the connection just ends. */
static int on_peer_close(const uint8_t *payload, size_t len)
{
	unsigned int code;

	if (len == 0)
		return 0;
	if (len == 1)
		return -1;
	code = (unsigned int) payload[0] << 8 | payload[1];
	if (code < 1000 || (code >= 1004 && code <= 1006) || (code > 1014 && code < 3000) ||
		code > 4999)
		return -1;
	return utf8_valid((const char *) payload + 2, len - 2) ? 0 : -1;
}

/* The upgrade is allowed: keep its words, as the headers go away now. */
static int before_websocket(struct connection *c, struct lws *wsi)
{
	char path[PATH_MAX_BYTES];

	c->wsi = wsi;
	c->app = app_of(wsi);
	c->kind = upgrade_path(wsi, path, sizeof(path)) && is_dig(c->app, path)
			  ? CONNECTION_DIG
			  : CONNECTION_CAPTURE;
	return words_read(wsi, &c->words) < 0 ? -1 : 0;
}

static int on_websocket(struct connection *c)
{
	if (c->kind == CONNECTION_DIG) {
		int rc = dig_ws_begin(c, c->words.words.target.query);

		words_done(&c->words);
		return rc;
	}
	endpoints_viewer_comes(c->app, lws_get_socket_fd(c->wsi), &c->peer);
	c->session = session_new(&c->app->env, &c->words.words, &connection_ops, c);
	words_done(&c->words);
	return c->session ? 0 : -1;
}

static int on_writable(struct connection *c)
{
	switch (c->kind) {
	case CONNECTION_REPLY:
		return reply_continue(c);
	case CONNECTION_CATALOG:
		return end_wait(c);
	case CONNECTION_STREAM:
		return stream_write_http(c);
	case CONNECTION_EVENTS:
		return events_write(c);
	case CONNECTION_CAPTURE:
		return c->session ? stream_write_ws(c) : 0;
	case CONNECTION_DIG:
		return c->dig ? dig_ws_write(c) : 0;
	case CONNECTION_NEW:
	default:
		return 0;
	}
}

int connection_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct connection *c = user;

	switch (reason) {
	case LWS_CALLBACK_WSI_CREATE:
		app_of(wsi)->n_wsi++;
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		app_of(wsi)->n_wsi--;
		return 0;
	case LWS_CALLBACK_HTTP:
		return on_http(c, wsi, in);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return on_upgrade(wsi, in);
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return before_websocket(c, wsi);
	case LWS_CALLBACK_ESTABLISHED:
		return on_websocket(c);
	case LWS_CALLBACK_HTTP_WRITEABLE:
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return on_writable(c);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		return on_peer_close(in, len);
	case LWS_CALLBACK_TIMER:
		return c->kind == CONNECTION_STREAM || c->kind == CONNECTION_EVENTS
			       ? stream_check_peer(c)
			       : 0;
	case LWS_CALLBACK_RECEIVE:
	case LWS_CALLBACK_HTTP_BODY:
		return 0; /* what viewers say is read and forgotten */
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		if (c)
			release(c);
		return 0;
	default:
		return 0;
	}
}
