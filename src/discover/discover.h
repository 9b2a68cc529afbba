/* SPDX-License-Identifier: MIT */
/* The life of packetflix-discover: when to scan, what a scan waits for, what is published.
 *
 * One scan at a time. A scan starts at once at the beginning, when the service asks (a request that
 * comes in during a scan gets the next one, shared by all who wait), and when an engine announces a
 * change (then not more often than leaves half of a core free). Without any of these there is one
 * every 10 s, less often where scans take long, so that resting costs less than half a percent of a
 * core: it only serves those who read the catalog without asking for a fresh one.
 *
 * A scan waits for engines at most DISCOVER_ENGINE_MS and for links DISCOVER_LINKS_MS; what is not
 * known by then is published as it was known before. */
#ifndef DISCOVER_DISCOVER_H
#define DISCOVER_DISCOVER_H

#include "base/err.h"

#define DISCOVER_ENGINE_MS 1000
#define DISCOVER_LINKS_MS  3000
#define DISCOVER_REST_MS   10000
#define DISCOVER_GAP_MS    50

struct discover_fds {
	int broker;  /* channel to the broker; its end is ours */
	int catalog; /* channel to the service */
	int proc;    /* directory of the host's proc file system */
};

/* Discover until the broker is gone. Takes over @fds. Returns 0 when the broker closed its channel,
 * or a negative errno with words in @e. */
int discover_run(const struct discover_fds *fds, struct err *e);

#endif
