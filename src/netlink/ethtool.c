/* SPDX-License-Identifier: MIT */
#include "netlink/ethtool.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

static void take(char ret[ETHTOOL_TEXT_MAX], const char *text, size_t cap_bytes)
{
	size_t n = strnlen(text, cap_bytes < ETHTOOL_TEXT_MAX ? cap_bytes : ETHTOOL_TEXT_MAX - 1);

	memcpy(ret, text, n);
	ret[n] = '\0';
}

int ethtool_driver_ask(int sock, const char *name, struct ethtool_driver *ret)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq req = {.ifr_data = (void *) &info};

	memcpy(req.ifr_name, name, strnlen(name, sizeof(req.ifr_name) - 1));
	if (ioctl(sock, SIOCETHTOOL, &req) < 0)
		return -errno;
	take(ret->driver, info.driver, sizeof(info.driver));
	take(ret->version, info.version, sizeof(info.version));
	take(ret->fwversion, info.fw_version, sizeof(info.fw_version));
	take(ret->businfo, info.bus_info, sizeof(info.bus_info));
	take(ret->eromversion, info.erom_version, sizeof(info.erom_version));
	return 0;
}

uint64_t ethtool_speed_bps(int sock, const char *name)
{
	struct ethtool_cmd cmd = {.cmd = ETHTOOL_GSET};
	struct ifreq req = {.ifr_data = (void *) &cmd};
	uint32_t mbps;

	memcpy(req.ifr_name, name, strnlen(name, sizeof(req.ifr_name) - 1));
	if (ioctl(sock, SIOCETHTOOL, &req) < 0)
		return 0;
	/* ethtool_cmd_speed() shifts an int over its sign when the speed is unknown */
	mbps = (uint32_t) cmd.speed_hi << 16 | cmd.speed;
	return mbps == (uint32_t) SPEED_UNKNOWN ? 0 : (uint64_t) mbps * 1000000;
}
