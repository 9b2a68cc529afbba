/* SPDX-License-Identifier: MIT */
/* Taking connections from the listening sockets the broker made. */
#ifndef SERVE_LISTENER_H
#define SERVE_LISTENER_H

#include "service/serve/app.h"

/* Watch the listening sockets, and learn the service's own end points from them. Call before the
 * file system and the network are out of reach. Returns 0 or a negative errno with words in @e. */
int listener_init(struct app *a, struct err *e);

/* Take what waits on listening socket @fd: hand it to libwebsockets, or turn it away when there are
 * too many connections. */
void listener_accept(struct app *a, int fd);

#endif
