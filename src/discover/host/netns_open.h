/* SPDX-License-Identifier: MIT */
#ifndef DISCOVER_NETNS_OPEN_H
#define DISCOVER_NETNS_OPEN_H

#include "discover/host/netns_set.h"

/* Open the nsfs file of @ns, wherever it is kept, and make sure that it is that namespace. Nothing
 * else is opened, so nothing can block. Returns a descriptor, the caller's to close soon: it keeps
 * the namespace alive; or a negative errno. */
int netns_open(int procfd, const struct netns *ns);

/* An O_PATH descriptor of the place where @ns is mounted; -ENOENT if it is not mounted, or does not
 * lead there any more. */
int netns_open_place(int procfd, const struct netns *ns);

#endif
