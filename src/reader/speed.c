/* SPDX-License-Identifier: MIT */
#include "reader/speed.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

uint64_t speed_of_link(int sock, const char *name)
{
	struct ethtool_cmd cmd = {.cmd = ETHTOOL_GSET};
	struct ifreq req;
	uint32_t mbps;

	memset(&req, 0, sizeof(req));
	strncpy(req.ifr_name, name, sizeof(req.ifr_name) - 1);
	req.ifr_data = (void *) &cmd;
	if (ioctl(sock, SIOCETHTOOL, &req) < 0)
		return 0;
	/* ethtool_cmd_speed() shifts an int over its sign when the speed is unknown */
	mbps = (uint32_t) cmd.speed_hi << 16 | cmd.speed;
	return mbps == (uint32_t) SPEED_UNKNOWN ? 0 : (uint64_t) mbps * 1000000;
}
