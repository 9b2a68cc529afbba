/* SPDX-License-Identifier: MIT */
/* The service's one loop: libwebsockets with the listening sockets, the channels and the event
 * descriptors of the captures in it. */
#ifndef SERVE_APP_H
#define SERVE_APP_H

#include <stdbool.h>
#include <stdint.h>

#include <libwebsockets.h>

#include "base/err.h"
#include "service/catalog_client.h"
#include "service/config.h"
#include "service/hub/hub.h"
#include "service/serve/events.h"
#include "service/serve/resolver.h"
#include "service/serve/session.h"

/* Numbers for /metrics that no other part counts. */
struct app_counters {
	uint64_t requests, refused_connections;
	uint32_t service_restarts, discover_restarts;
};

struct app {
	const struct config *config; /* borrowed */
	struct lws_context *lws;
	struct lws_vhost *vhost;
	struct hub *hub;
	struct catalog_client catalog;
	struct catalog_waiter refresh; /* for captures: has a target ended? */
	struct session_env env;
	struct hub_endpoints endpoints;
	struct app_counters counters;
	struct events events;
	struct packing *packings; /* those under way, see packing.h */
	struct dig *digs;         /* those of connections, see dig.h */
	uint32_t last_dig;
	struct resolver resolver; /* of the other discovery service, if there is one */
	struct lws *catalog_wsi, *broker_wsi;
	lws_sorted_usec_list_t tick;
	uint64_t named_generation; /* of the catalog whose names viewers know */
	uint32_t n_wsi, n_watched; /* all that libwebsockets handles, and those without a client */
	int spare_fd;   /* owned: given up to turn connections away when there is no other */
	bool is_ending; /* shutting down */
	bool is_over;   /* leave the loop */
	int64_t end_limit_ns;
};

/* Set everything up: descriptors of proto/service_args.h become part of the loop. Returns 0 or a
 * negative errno with words in @e. @config is borrowed until app_done(). */
int app_init(struct app *a, const struct config *config, struct err *e);

/* Serve until the broker says that it is over, or is gone. */
void app_run(struct app *a);
void app_done(struct app *a);

/* End all captures properly, then leave app_run(). */
void app_end(struct app *a);

/* Clients connected now. */
static inline uint32_t app_connections(const struct app *a)
{
	return a->n_wsi - a->n_watched;
}

/* The app a connection belongs to. */
struct app *app_of(struct lws *wsi);

#endif
