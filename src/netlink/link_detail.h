/* SPDX-License-Identifier: MIT */
/* What ties a link to others, beyond struct link: attributes of RTM_NEWLINK (linux/if_link.h,
 * linux/if_tun.h). */
#ifndef NETLINK_LINK_DETAIL_H
#define NETLINK_LINK_DETAIL_H

#include "netlink/link.h"

#define LINK_NO_NSID (-1) /* the same namespace */

enum link_tun {
	LINK_TUN_NONE,
	LINK_TUN_TUN,
	LINK_TUN_TAP,
};

struct link_vlan {
	uint16_t vid;
	uint16_t protocol; /* 0x8100, 0x88a8 */
};

struct link_vxlan {
	uint32_t vni;
	uint32_t lower;               /* ifindex, 0 = none */
	bool proxy;                   /* answers ARP itself */
	bool has_source, has_source6; /* own address */
	bool has_remote, has_remote6; /* default destination */
	uint8_t source[4], source6[16], remote[4], remote6[16];
	uint16_t port; /* of the destination */
	uint16_t source_low, source_high;
};

/* Packets and bytes since the link was made (struct rtnl_link_stats64). */
struct link_counters {
	uint64_t rx_packets, rx_bytes, rx_errors, rx_dropped;
	uint64_t tx_packets, tx_bytes, tx_errors, tx_dropped;
};

struct link_detail {
	struct link link;
	uint32_t master; /* ifindex, 0 = none */
	uint32_t mtu;    /* bytes, 0 = unknown */
	struct link_counters counters;
	/* What is on the other side or below: IFLA_LINK. 0 = none; the link's own index if the
	 * kernel left it out because it is the same in another namespace. */
	uint32_t lower;
	int32_t lower_nsid; /* the namespace of @lower, LINK_NO_NSID = this one */
	bool is_vlan, is_vxlan;
	struct link_vlan vlan;   /* if is_vlan */
	struct link_vxlan vxlan; /* if is_vxlan */
	enum link_tun tun;
};

/* Take a message about a link apart. Returns 1, 0 when @h is something else or the link is gone, or
 * -EBADMSG. No I/O. */
int link_detail_parse(const struct nlmsghdr *h, struct link_detail *ret);

#endif
