/* SPDX-License-Identifier: MIT */
/* The ends of our own TCP connections, whose packets no capture shows: the service's addresses,
 * known before the first packet to them, and the viewers' ends, which stay the same when an address
 * translation on the way changes ours. */
#ifndef SERVE_ENDPOINTS_H
#define SERVE_ENDPOINTS_H

#include "service/serve/app.h"

/* Learn the addresses of listening socket @fd, which for a wildcard are all that this host has.
 * Call while the network can be asked. Returns 0 or a negative errno. */
int endpoints_learn_listener(struct app *a, int fd);

/* Learn the address under which connection @fd reached us: one that the host got later. */
void endpoints_learn_connection(struct app *a, int fd);

/* A viewer on connection @fd comes, and is told apart by @ret until it goes. */
void endpoints_viewer_comes(struct app *a, int fd, struct conf_endpoint *ret);
void endpoints_viewer_goes(struct app *a, const struct conf_endpoint *ep);

/* Tell the hub. Called by the others when something changed. */
void endpoints_publish(struct app *a);

#endif
