/* SPDX-License-Identifier: MIT */
/* Which link layer a packet socket shows for each kind of link (ARPHRD_*, linux/if_arp.h), as the
 * LINKTYPE_ number that pcapng files carry. */
#ifndef NETLINK_LINKTYPE_H
#define NETLINK_LINKTYPE_H

#include <stddef.h>
#include <stdint.h>

enum linktype {
	LINKTYPE_ETHERNET = 1,
	LINKTYPE_RAW_IP = 101,
	LINKTYPE_IEEE802_11 = 105,
	LINKTYPE_LINUX_SLL = 113,
	LINKTYPE_IEEE802_11_RADIOTAP = 127,
};

struct linktype_rule {
	uint16_t arphrd;
	uint16_t linktype; /* enum linktype */
};

/* The rules for links whose link layer is used as it is. Every other kind of link gets a Linux
 * cooked header (LINKTYPE_LINUX_SLL) made from what the kernel tells about the packet. *ret_n is
 * the number of rules; the array is constant. */
const struct linktype_rule *linktype_rules(size_t *ret_n);

/* The link type for a link of kind @arphrd. */
uint16_t linktype_of(uint16_t arphrd);

#endif
