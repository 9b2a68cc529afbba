/* SPDX-License-Identifier: MIT */
/* Sockets and forwarded ports of all network namespaces, collected during a detailed scan: through
 * what the broker hands over for each namespace (MSG_PORTS_OPENED), then from /proc. No descriptor
 * outlives the answer it came with. */
#ifndef DETAIL_PORTS_H
#define DETAIL_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/detail/forwards.h"
#include "discover/detail/socket_owners.h"
#include "discover/detail/sockets.h"
#include "discover/host/ns_ask.h"
#include "discover/host/scan.h"

/* At once: copying rules can keep the broker busy for a while. */
#define PORTS_WINDOW       8
#define PORTS_SOCKETS_MAX  131072        /* of all namespaces */
#define PORTS_RULES_MAX    (4 * 1048576) /* bytes, of one namespace */
#define PORTS_HALF_OPEN_NS 50000000      /* of looking for half-open connections */

struct netns_ports {
	uint64_t inode;
	struct socket_list sockets;   /* none if no process lives in the namespace */
	struct forward_list forwards; /* in the order of forwards_sort() */
};

struct ports {
	struct ns_ask ask;
	const struct scan *scan; /* borrowed; NULL between runs */
	struct netns_ports *v;   /* owned; by inode */
	size_t n, sockets_left;
	int64_t half_open_ns; /* left */
	struct socket_owners owners;
};

/* Begin asking about all namespaces of @scan, which is borrowed until ports_end(), as are the
 * descriptors. Only p->ask.next_id is taken over from an earlier run, so that its late answers are
 * known. Returns 0, -ENOMEM, or -EPIPE or another negative errno when the broker is gone. */
int ports_begin(struct ports *p, const struct scan *scan, int procfd, int broker);

/* Handle an answer (MSG_PORTS_OPENED); descriptors are taken out of @fds. Errors of ports_begin().
 */
int ports_answer(struct ports *p, const struct msg *m, struct fdset *fds);

/* True when nothing is left to ask and nothing is under way. */
bool ports_finished(const struct ports *p);

/* Ask no further: other namespaces show no ports. */
void ports_give_up(struct ports *p);

/* Add what /proc tells: owners of sockets, and Docker's proxies. Once, after asking; with yield
 * points. Returns 0 or -ENOMEM. */
int ports_complete(struct ports *p, struct yield *yield);

/* What is known of the namespace with this inode, NULL if it is not there. */
const struct netns_ports *ports_find(const struct ports *p, uint64_t inode);

void ports_end(struct ports *p);

#endif
