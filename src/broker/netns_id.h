/* SPDX-License-Identifier: MIT */
/* Numbers by which the broker's network namespace knows others (rtnetlink(7), RTM_NEWNSID): only of
 * namespaces that have one does the kernel tell there. */
#ifndef BROKER_NETNS_ID_H
#define BROKER_NETNS_ID_H

#include <stdint.h>

/* The number of the namespace of descriptor @ns_fd, given to it if it has none yet; it goes with
 * the namespace. Returns -1 if it can have none. */
int32_t netns_id(int ns_fd);

#endif
