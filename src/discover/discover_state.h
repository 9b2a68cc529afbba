/* SPDX-License-Identifier: MIT */
/* What discover.c, round.c and generation.c share: the one object of the process. */
#ifndef DISCOVER_DISCOVER_STATE_H
#define DISCOVER_DISCOVER_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/yield.h"
#include "discover/agenda.h"
#include "discover/channel.h"
#include "discover/container/oci_states.h"
#include "discover/detail/detail.h"
#include "discover/edge/edge.h"
#include "discover/engine/engines.h"
#include "discover/host/host.h"
#include "discover/host/links.h"
#include "discover/host/scan.h"
#include "discover/live.h"
#include "loop/loop.h"
#include "discover/publish.h"

struct discover {
	struct loop loop;
	int procfd;
	struct yield yield; /* to those who ask whether the newest generation is current */
	struct proc_self self;
	struct host host;
	struct edge edge;
	struct loop_source broker;
	struct links links;
	struct engines engines;
	struct oci_states oci;
	struct channel channel;
	struct publication pub;

	struct live live;
	struct agenda agenda;

	struct scan scan;   /* under way */
	struct scan newest; /* the one before */
	bool has_newest;
	enum agenda_kind scanning;          /* what is under way */
	uint32_t scan_asked, scan_confirms; /* requests this scan answers, 0 = none */
	struct detail detail;
	int64_t scan_began_ns;
	bool is_patient; /* engines have as long as there is: somebody waits for what they say */
	bool is_late;    /* the scan shows something that the newest generation does not */
	bool is_asking;  /* not everybody has been asked: nothing is complete, however it looks */
	bool announced;  /* by an engine, since the scan began */
	int64_t broker_heard_ns;
	bool is_cut; /* the scan under way was given up before everything was read */
	struct loop_timer next, links_limit, engines_limit;
	int status; /* why the loop was stopped */
};

/* End the loop: 0, or a negative errno as the reason. */
void discover_stop(struct discover *d, int status);

/* Think again about what to do next. */
void discover_plan(struct discover *d);

#endif
