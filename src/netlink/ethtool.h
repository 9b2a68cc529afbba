/* SPDX-License-Identifier: MIT */
/* What the driver of a link tells (ethtool(7) requests of linux/ethtool.h). Reading needs no
 * rights. */
#ifndef NETLINK_ETHTOOL_H
#define NETLINK_ETHTOOL_H

#include <stdint.h>

#define ETHTOOL_TEXT_MAX 33 /* ETHTOOL_BUSINFO_LEN and a NUL */

/* "" is unknown. */
struct ethtool_driver {
	char driver[ETHTOOL_TEXT_MAX], version[ETHTOOL_TEXT_MAX], fwversion[ETHTOOL_TEXT_MAX];
	char businfo[ETHTOOL_TEXT_MAX], eromversion[ETHTOOL_TEXT_MAX];
};

/* Ask about link @name in the namespace of @sock, a socket of any kind. Returns 0 or a negative
 * errno: -EOPNOTSUPP when the link has no driver to ask. */
int ethtool_driver_ask(int sock, const char *name, struct ethtool_driver *ret);

/* The speed of link @name in the namespace of @sock in bit/s (ETHTOOL_GSET), 0 when its driver does
 * not tell. */
uint64_t ethtool_speed_bps(int sock, const char *name);

#endif
