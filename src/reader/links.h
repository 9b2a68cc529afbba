/* SPDX-License-Identifier: MIT */
/* The links that belong to a capture: which they are, what the kernel lets through for them, and
 * what becomes of them while it runs. Each returns 0 or a negative errno. */
#ifndef READER_LINKS_H
#define READER_LINKS_H

#include "reader/capture.h"

/* Make the filters, the kernel's and the reader's, match the configuration and the links there are.
 */
int links_filter(struct capture *c);

/* As links_filter(), then bind the sockets as links_target() says. The filter comes first: no
 * packet passes that a later filter would refuse. */
int links_apply(struct capture *c);

/* Report to the service, once, that the kernel refused a filter. */
int links_report(struct capture *c);

/* Let no packet in any more. Without room for a program in the kernel, the packet socket is bound
 * to a protocol that no packet has; a paced capture, whose end does not wait for silence, then goes
 * on to receive. */
int links_block(struct capture *c);

/* Note for @i, which has just become known, whether the kernel's program leaves its type open. */
void links_note(const struct capture *c, struct interface *i);

/* The link to bind to: that of a capture of one link if there is one called so, else 0 = all. Bound
 * to its one link, a socket does not even look at the packets of the others. */
uint32_t links_target(const struct capture *c);

/* Bind the sockets of the capture to link @ifindex, 0 = all. Returns 0 or a negative errno. */
int links_bind(struct capture *c, uint32_t ifindex);

/* Bind @sock alone. Returns 0 or a negative errno. */
int links_bind_socket(int sock, uint32_t ifindex);

/* Give @sock the capture's filter and its promiscuous mode. */
int links_prepare_socket(struct capture *c, int sock);

/* Interface @i belongs to the capture from now on: it is listened to and told, if there is an id
 * for it. */
int links_admit(struct capture *c, struct interface *i);

/* Take in the link events that wait on the netlink socket. */
int links_read(struct capture *c);

#endif
