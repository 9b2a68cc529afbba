/* SPDX-License-Identifier: MIT */
/* The ends of our own TCP connections, whose packets no capture shows: the service's addresses,
 * known before the first packet to them, and the viewers' ends, which stay the same when an address
 * translation on the way changes ours. */
#ifndef CAPTURE_ENDPOINTS_H
#define CAPTURE_ENDPOINTS_H

#include "service/hub/hub.h"

struct endpoints {
	struct hub *hub; /* borrowed */
	struct hub_endpoints known;
};

/* Learn the addresses of listening socket @fd, which for a wildcard are all that this host has.
 * Call while the network can be asked. Returns 0 or a negative errno. */
int endpoints_learn_listener(struct endpoints *e, int fd);

/* Learn the address under which connection @fd reached us: one that the host got later. */
void endpoints_learn_connection(struct endpoints *e, int fd);

/* A viewer on connection @fd comes, and is told apart by @ret until it goes. */
void endpoints_viewer_comes(struct endpoints *e, int fd, struct conf_endpoint *ret);
void endpoints_viewer_goes(struct endpoints *e, const struct conf_endpoint *viewer);

/* Give the hub what is known. Called by the others when something changed. */
void endpoints_publish(struct endpoints *e);

#endif
