/* SPDX-License-Identifier: MIT */
/* Addresses of links over NETLINK_ROUTE (RTM_GETADDR, linux/if_addr.h). */
#ifndef NETLINK_ADDR_H
#define NETLINK_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "netlink/dump.h"

#define ADDR_FOREVER UINT32_MAX /* a lifetime without end */

struct addr {
	uint32_t ifindex;
	uint8_t family;    /* AF_INET or AF_INET6 */
	uint8_t prefixlen; /* of a point-to-point IPv4 address: 32 */
	uint8_t scope;     /* RT_SCOPE_* */
	uint8_t bytes[16]; /* 4 of them for AF_INET; the link's own address */
	uint32_t preferred_s, valid_s;
};

/* Take a message about an address apart. *ret_gone is true when the address was removed. Returns 1,
 * 0 when @h is something else or the address is of another family, or -EBADMSG. No I/O. */
int addr_parse(const struct nlmsghdr *h, struct addr *ret, bool *ret_gone);

/* Dump all addresses of @sock's namespace, waiting at most @timeout_ms. Errors of nl_dump(). */
int addr_ask(int sock, int timeout_ms, nl_fn fn, void *ctx);

#endif
