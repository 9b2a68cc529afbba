/* SPDX-License-Identifier: MIT */
/* Network links as the kernel reports them over NETLINK_ROUTE (rtnetlink(7)): a dump of all links
 * of the socket's namespace, and the change events of RTNLGRP_LINK. Works with sockets made in
 * another network namespace and handed over. */
#ifndef NETLINK_LINK_H
#define NETLINK_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink/dump.h"

#define LINK_NAME_MAX    16  /* IFNAMSIZ */
#define LINK_ADDR_MAX    32  /* MAX_ADDR_LEN */
#define LINK_ALTNAME_MAX 128 /* ALTIFNAMSIZ */
#define LINK_KIND_MAX    32
#define LINK_TEXT_MAX    256 /* IFALIASZ */

struct link {
	uint32_t ifindex;
	uint16_t arphrd;   /* ARPHRD_* */
	uint32_t flags;    /* IFF_* */
	uint8_t operstate; /* IF_OPER_*, 2 = down */
	uint8_t addr_len;  /* bytes of @addr in use */
	uint8_t addr[LINK_ADDR_MAX];
	char name[LINK_NAME_MAX];
	char kind[LINK_KIND_MAX];  /* IFLA_INFO_KIND, "" if none */
	char alias[LINK_TEXT_MAX]; /* IFLA_IFALIAS, "" if none */
};

/* List the alternative names (IFLA_ALT_IFNAME) among the attributes @attrs of a link, each followed
 * by a space, in the kernel's order. The kernel refuses white space in a name. Names that do not
 * fit are left out. */
void link_list_altnames(const struct nl_attrs *attrs, char *ret, size_t cap_bytes);

/* Called for each link. @gone is true when the link was removed (only its ifindex and name are then
 * sure). @link is borrowed. Return 0 to go on, a negative errno to stop. */
typedef int (*link_fn)(void *ctx, const struct link *link, bool gone);

/* Take a message about a link apart. *ret_attrs are all attributes, for who wants more of them.
 * Returns 1, 0 when @h is something else, or -EBADMSG. No I/O. */
int link_parse(
	const struct nlmsghdr *h, struct link *ret, bool *ret_gone, struct nl_attrs *ret_attrs);

/* Read what the socket holds, without waiting, and hand every link message of the kernel to @fn.
 * Returns 0 when nothing more is there, -ENOBUFS when the kernel dropped events (a new dump is
 * needed), -EBADMSG for a malformed message, what @fn returned if it was negative, or another
 * negative errno. */
int link_receive(int sock, link_fn fn, void *ctx);

/* Dump all links of @sock's namespace, waiting at most @timeout_ms, and hand each to @fn, as a
 * message or taken apart, without counters; events that arrive meanwhile as well. Errors of
 * nl_dump(). */
int link_ask(int sock, int timeout_ms, nl_fn fn, void *ctx);
int link_dump(int sock, int timeout_ms, link_fn fn, void *ctx);

/* Subscribe to link events. Needs no rights. Returns 0 or a negative errno. */
int link_subscribe(int sock);

#endif
