/* SPDX-License-Identifier: MIT */
/* The links that belong to a capture: which they are, what the kernel lets through for them, and
 * what becomes of them while it runs. Each returns 0 or a negative errno. */
#ifndef READER_LINKS_H
#define READER_LINKS_H

#include "reader/capture.h"

/* Make the kernel's filter and the binding match the configuration and the links there are. The
 * filter comes first: no packet passes that a later filter would refuse. */
int links_apply(struct capture *c);

/* The link to bind to: that of a capture of one link if there is one called so, else 0 = all. Bound
 * to its one link, a socket does not even look at the packets of the others. */
uint32_t links_target(const struct capture *c);

/* Bind the sockets of the capture to link @ifindex, 0 = all. Returns 0 or a negative errno. */
int links_bind(struct capture *c, uint32_t ifindex);

/* Bind @sock alone. Returns 0 or a negative errno. */
int links_bind_socket(int sock, uint32_t ifindex);

/* Give @sock the capture's filter and its promiscuous mode. */
int links_prepare_socket(const struct capture *c, int sock);

/* Interface @i belongs to the capture from now on: it is listened to and told. */
int links_admit(struct capture *c, struct interface *i);

/* Take in the link events that wait on the netlink socket. */
int links_read(struct capture *c);

#endif
