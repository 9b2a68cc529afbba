/* SPDX-License-Identifier: MIT */
/* Routes over NETLINK_ROUTE (RTM_GETROUTE, rtnetlink(7)). */
#ifndef NETLINK_ROUTE_H
#define NETLINK_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "netlink/dump.h"

struct route {
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t type;   /* RTN_* */
	uint8_t dst_prefixlen;
	uint8_t dst[16]; /* 4 bytes for AF_INET; zeroes for a default route */
	uint32_t table, priority;
	uint32_t ifindex;   /* outgoing, 0 = none */
	uint8_t hop_family; /* of @hop, 0 = no next hop */
	uint8_t hop[16];
};

/* Take a message about a route apart. Copies the kernel keeps of routes are none. Returns 1, 0 when
 * @h is something else, or -EBADMSG. No I/O. */
int route_parse(const struct nlmsghdr *h, struct route *ret);

/* Dump all routes of @family in @sock's namespace, waiting at most @timeout_ms. Errors of
 * nl_dump(). */
int route_ask(int sock, uint8_t family, int timeout_ms, nl_fn fn, void *ctx);

#endif
