/* SPDX-License-Identifier: MIT */
#include "netlink/linktype.h"

#include <linux/if_arp.h>

#include "base/own.h"

static const struct linktype_rule rules[] = {
	{ARPHRD_ETHER, LINKTYPE_ETHERNET},
	{ARPHRD_LOOPBACK, LINKTYPE_ETHERNET}, /* carries an all-zero Ethernet header */
	{ARPHRD_NONE, LINKTYPE_RAW_IP},       /* tun, WireGuard */
	{ARPHRD_RAWIP, LINKTYPE_RAW_IP},
	{ARPHRD_TUNNEL, LINKTYPE_RAW_IP},
	{ARPHRD_TUNNEL6, LINKTYPE_RAW_IP},
	{ARPHRD_SIT, LINKTYPE_RAW_IP},
	{ARPHRD_IEEE80211, LINKTYPE_IEEE802_11},
	{ARPHRD_IEEE80211_RADIOTAP, LINKTYPE_IEEE802_11_RADIOTAP},
};

const struct linktype_rule *linktype_rules(size_t *ret_n)
{
	*ret_n = ARRAY_LEN(rules);
	return rules;
}

uint16_t linktype_of(uint16_t arphrd)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (rules[i].arphrd == arphrd)
			return rules[i].linktype;
	}
	return LINKTYPE_LINUX_SLL;
}
