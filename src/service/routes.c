/* SPDX-License-Identifier: MIT */
#include "service/routes.h"

#include "base/own.h"
#include "service/parts.h"
#include "service/dig/dig_ws.h"
#include "service/page/page.h"
#include "service/status.h"

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

static void targets(struct conn *c, void *ctx)
{
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
	{"/", ROUTE_PAGE, page_begin, NULL},
	{"/page.js", ROUTE_OPEN, page_begin, NULL},
	{"/page.css", ROUTE_OPEN, page_begin, NULL},
	{"/favicon.ico", ROUTE_OPEN, page_begin, NULL},
	{"/openapi.json", ROUTE_OPEN, page_begin, NULL},
	{"/version", ROUTE_OPEN | ROUTE_LOCAL, status_version, NULL},
	{"/healthz", ROUTE_OPEN | ROUTE_LOCAL | ROUTE_RESERVED, status_health, NULL},
	{"/readyz", ROUTE_LOCAL | ROUTE_RESERVED, status_ready, NULL},
	{"/metrics", ROUTE_LOCAL | ROUTE_RESERVED, status_metrics, NULL},
	{"/mobyshark", 0, targets, NULL},
	{"/discover/mobyshark", 0, targets, NULL},
	{"/json", 0, json, NULL},
	{"/events", 0, events, NULL},
	{"/mobydig", ROUTE_WEBSOCKET, mobydig, dig_ws_check},
	{"/capture", ROUTE_WEBSOCKET | ROUTE_LOCAL, capture, NULL},
	{"/capture.pcapng", ROUTE_LOCAL, download, NULL},
};

const size_t routes_n = ARRAY_LEN(routes);

const struct route route_elsewhere = {"", ROUTE_BODY | ROUTE_PAGE, elsewhere, NULL};
