/* SPDX-License-Identifier: MIT */
/* The service as a whole: its event loop, and what is in it. Only the files of this folder know all
 * of it; each part gets what it needs as a small environment. */
#ifndef SERVICE_PARTS_H
#define SERVICE_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"
#include "service/answer/answer.h"
#include "service/capture/endpoints.h"
#include "service/capture/view.h"
#include "service/catalog/catalog_client.h"
#include "service/compile/compiler.h"
#include "service/config.h"
#include "service/dig/dig.h"
#include "service/http/server.h"
#include "service/hub/hub.h"
#include "service/live/events.h"
#include "service/proxy/proxy.h"

struct app {
	struct config *config; /* borrowed */
	struct loop loop;
	struct loop_timer tick;
	struct hub *hub;
	struct compilers compilers;
	struct catalog_client catalog;
	struct catalog_waiter refresh; /* for captures: has a target ended? */
	struct loop_source broker_source, catalog_source;
	struct loop_timer catalog_retry; /* the catalog's channel could not be watched */
	struct server server;
	struct tickets tickets;
	/* what handlers need */
	struct answer_env answers;
	struct view_env views;
	struct endpoints endpoints;
	struct events events;
	struct digs digs;
	struct proxy_env proxy;
	uint64_t captures_refused;
	uint64_t packets_late; /* of streams of several targets: out of order */
	int statm_fd;          /* owned: see process.h */
	uint64_t began_s;      /* seconds since 1970 */
	uint32_t service_restarts, discover_restarts;
	bool discover_is_silent;
	int64_t events_checked_ns; /* when listeners last made discover look whether it is current
				    */
	uint64_t named_generation; /* of the catalog whose names viewers know */
	bool is_ending;            /* shutting down */
	int64_t end_limit_ns;
};

#endif
