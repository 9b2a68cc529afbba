/* SPDX-License-Identifier: MIT */
/* The numbers by which one network namespace knows others (RTM_GETNSID, linux/net_namespace.h). */
#ifndef NETLINK_NSID_H
#define NETLINK_NSID_H

#include <stdint.h>

#include "netlink/dump.h"

#define NSID_NONE (-1)

/* Take an answer apart. Returns 1, 0 when @h is something else, or -EBADMSG. *ret_nsid is NSID_NONE
 * when the namespace has no number. No I/O. */
int nsid_parse(const struct nlmsghdr *h, int32_t *ret_nsid);

/* The number that @sock's namespace has for the one that @ns_fd, a nsfs file, is; NSID_NONE if it
 * has none. Returns 0, or an error of nl_dump(). */
int nsid_ask(int sock, int ns_fd, int timeout_ms, int32_t *ret_nsid);

#endif
