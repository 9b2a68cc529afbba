/* SPDX-License-Identifier: MIT */
#include "service/serve/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "base/version.h"
#include "service/serve/access.h"
#include "service/serve/answer.h"
#include "service/serve/dig.h"
#include "service/serve/dig_ws.h"
#include "service/serve/endpoints.h"
#include "service/serve/events.h"
#include "service/serve/metrics.h"
#include "service/serve/negotiate.h"
#include "service/serve/packing.h"
#include "service/serve/page.h"
#include "service/serve/reply.h"
#include "service/serve/request_log.h"
#include "service/serve/stream.h"
#include "service/serve/upgrade.h"

#define KNOWN_MAX     1024 /* of an If-None-Match header that is read */
#define ENCODINGS_MAX 256  /* of an Accept-Encoding header */

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
	packing_leave(c);
	events_end(c);
	session_free(c->session);
	dig_free(c->dig);
	endpoints_viewer_goes(c->app, &c->peer);
	words_done(&c->words);
	free(c->text);
	free(c->asked.known);
	document_unref(c->doc);
	memset(c, 0, sizeof(*c));
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

static bool takes_gzip(struct lws *wsi)
{
	char list[ENCODINGS_MAX];

	return lws_hdr_copy(wsi, list, (int) sizeof(list), WSI_TOKEN_HTTP_ACCEPT_ENCODING) > 0 &&
	       negotiate_takes_gzip(list);
}

/* What the answer depends on, when the headers are not there any more. */
static void read_asked(struct lws *wsi, struct asked *ret)
{
	char known[KNOWN_MAX];
	bool is_get = lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0;

	ret->is_head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
	ret->is_get = is_get || ret->is_head;
	ret->is_upgrade = lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE) > 0;
	ret->takes_gzip = takes_gzip(wsi);
	/* a list too long to be read, or to be kept, counts as none */
	if (lws_hdr_copy(wsi, known, (int) sizeof(known), WSI_TOKEN_HTTP_IF_NONE_MATCH) > 0)
		ret->known = strdup(known);
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
	if (!c->asked.is_get)
		return reply_error(c, 405, "only GET is served here");
	if (strcmp(path, UPGRADE_DIG_PATH) == 0)
		return reply_error(c, 400,
			c->words.n_targets == 1 ? "a WebSocket is needed here"
						: UPGRADE_DIG_TARGET);
	if (strcmp(path, "/capture.pcapng") == 0)
		return begin_stream(c);
	if (strcmp(path, "/mobyshark") == 0 || strcmp(path, "/discover/mobyshark") == 0)
		return answer_targets(c);
	if (strcmp(path, "/events") == 0)
		return events_begin(c);
	if (strcmp(path, "/json") == 0)
		return answer_json(c);
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
	read_asked(wsi, &c->asked);
	if (words_read(wsi, &c->words) < 0)
		return reply_error(c, 431, "the request is too large");
	status = access_check(c->app, wsi, path, c->words.token, &why);
	if (status)
		return reply_error(c, status, why);
	return route(c, path);
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
	char path[UPGRADE_PATH_MAX_BYTES];

	c->wsi = wsi;
	c->app = app_of(wsi);
	c->kind = upgrade_path(wsi, path, sizeof(path)) && upgrade_is_dig(c->app, path)
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
	case CONNECTION_PACKING:
		return answer_go_on(c);
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
		return upgrade_check(wsi, in);
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
