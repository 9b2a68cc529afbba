/* SPDX-License-Identifier: MIT */
/* The links that belong to a capture: which they are, what the kernel lets through for them, and
 * what becomes of them while it runs. Each returns 0 or a negative errno. */
#ifndef READER_LINKS_H
#define READER_LINKS_H

#include "reader/capture.h"

/* Make the kernel's filter and the binding match the configuration and the links there are. The
 * filter comes first: no packet passes that a later filter would refuse. */
int links_apply(struct capture *c);

/* Interface @i belongs to the capture from now on: it is listened to and told. */
int links_admit(struct capture *c, struct interface *i);

/* Take in the link events that wait on the netlink socket. */
int links_read(struct capture *c);

#endif
