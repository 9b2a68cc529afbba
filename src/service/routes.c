/* SPDX-License-Identifier: MIT */
#include "service/routes.h"

#include "base/own.h"
#include "service/parts.h"
#include "service/capture/filter_check.h"
#include "service/dig/dig_ws.h"
#include "service/http/conn.h"
#include "service/page/page.h"
#include "service/status.h"
#include "service/ticket.h"

static struct app *app_of(void *ctx)
{
	return ctx;
}

static void capture(struct conn *c, void *ctx)
{
	view_websocket(c, &app_of(ctx)->views);
}

static void download(struct conn *c, void *ctx)
{
	view_download(c, &app_of(ctx)->views);
}

static void filter(struct conn *c, void *ctx)
{
	filter_check_begin(c, &app_of(ctx)->compilers);
}

/* A client that handles a packetflix: link requests the targets before it captures. A ticket does
 * not permit their list. Without a matching target the client uses the description in the link. */
static void targets(struct conn *c, void *ctx)
{
	static const struct conn_head head = {.status = 200, .type = "application/json"};

	if (conn_request(c)->has_ticket)
		conn_reply_text(c, &head, "{\"containers\":[]}");
	else
		answer_targets(c, &app_of(ctx)->answers);
}

static void json(struct conn *c, void *ctx)
{
	answer_json(c, &app_of(ctx)->answers);
}

static void events(struct conn *c, void *ctx)
{
	events_begin(c, &app_of(ctx)->events);
}

static void mobydig(struct conn *c, void *ctx)
{
	dig_ws_begin(c, &app_of(ctx)->digs);
}

static void elsewhere(struct conn *c, void *ctx)
{
	proxy_begin(c, &app_of(ctx)->proxy);
}

const struct route routes[] = {
	{"/", ROUTE_OPEN | ROUTE_PAGE, page_begin, NULL},
	{"/page.js", ROUTE_OPEN, page_begin, NULL},
	{"/page.css", ROUTE_OPEN, page_begin, NULL},
	{"/favicon.ico", ROUTE_OPEN, page_begin, NULL},
	{"/openapi.json", ROUTE_OPEN, page_begin, NULL},
	{"/version", ROUTE_OPEN | ROUTE_LOCAL, status_version, NULL},
	{"/healthz", ROUTE_OPEN | ROUTE_LOCAL | ROUTE_RESERVED, status_health, NULL},
	{"/readyz", ROUTE_LOCAL | ROUTE_RESERVED, status_ready, NULL},
	{"/metrics", ROUTE_LOCAL | ROUTE_RESERVED, status_metrics, NULL},
	{"/mobyshark", ROUTE_TICKET_KEPT, targets, NULL},
	{"/discover/mobyshark", ROUTE_TICKET_KEPT, targets, NULL},
	{"/json", 0, json, NULL},
	{"/events", 0, events, NULL},
	{"/mobydig", ROUTE_WEBSOCKET | ROUTE_TICKET, mobydig, dig_ws_check},
	{"/capture", ROUTE_WEBSOCKET | ROUTE_LOCAL | ROUTE_TICKET, capture, NULL},
	{"/capture.pcapng", ROUTE_LOCAL | ROUTE_TICKET, download, NULL},
	{"/filter", ROUTE_LOCAL, filter, NULL},
	{"/tickets", ROUTE_LOCAL | ROUTE_POST, ticket_begin, NULL},
};

const size_t routes_n = ARRAY_LEN(routes);

const struct route route_elsewhere = {"", ROUTE_BODY | ROUTE_PAGE, elsewhere, NULL};
