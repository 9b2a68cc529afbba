/* SPDX-License-Identifier: MIT */
/* The TCP and UDP sockets of a network namespace. */
#ifndef DETAIL_SOCKETS_H
#define DETAIL_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

#include "discover/detail/sockstat.h"
#include "netlink/sock_diag.h"

#define SOCKETS_MAX 32768 /* of one namespace */

struct socket_entry {
	struct diag_socket s;
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
};

struct socket_list {
	struct socket_entry *v; /* owned */
	size_t n, cap;
	size_t limit; /* at most this many are kept */
	/* Time left to look for connections that are about to be made where nothing else gives
	 * reason to look; borrowed, NULL = none. */
	int64_t *half_open_ns;
};

/* List the sockets of the namespace that NETLINK_SOCK_DIAG socket @diag is in and that has as many
 * as @stat says: what is not there is not asked for. Sorted by protocol, family, local address and
 * port, remote address and port. UDP sockets that are neither unconnected nor connected are left
 * out, what goes beyond the limit too. Returns 0 or a negative errno with @l as far as it came;
 * sockets_done() in any case. */
int sockets_list(int diag, const struct sockstat *stat, struct socket_list *l);

/* The sockets with the protocol, family, local address and port of @like: their number, and the
 * first of them in *ret, NULL if there is none. */
size_t sockets_find(const struct socket_list *l, const struct socket_entry *like,
	const struct socket_entry **ret);

void sockets_done(struct socket_list *l);

#endif
