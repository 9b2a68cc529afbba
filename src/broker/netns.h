/* SPDX-License-Identifier: MIT */
/* Finding the one network namespace that a reference means, and making sockets inside it. */
#ifndef BROKER_NETNS_H
#define BROKER_NETNS_H

#include "base/err.h"
#include "proto/broker.h"

/* A namespace that cannot change any more: both descriptors are owned. */
struct netns {
	int ns_fd;
	int pidfd; /* of the process of the reference */
};

/* Open the namespace @ref means and make sure that it is a network namespace with exactly that
 * inode, and that the process is the one with that start time and still lives.
 * Returns 0; -ESRCH when the process is not there any more or is another one; -EXDEV when the
 * namespace is not the one meant; another negative errno; always with words in @e. */
int netns_pin(int procfd, const struct ns_ref *ref, struct netns *ret, struct err *e);
void netns_done(struct netns *n);

/* Run socket(@domain, @type, @protocol) inside @n. The broker is back in its own namespace when
 * this returns; if it cannot get back, the process ends. Returns a close-on-exec socket or a
 * negative errno with words in @e. */
struct netns_socket {
	int domain, type, protocol;
};
int netns_socket(const struct netns *n, int own_ns_fd, const struct netns_socket *s, struct err *e);

#endif
