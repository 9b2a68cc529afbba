/* SPDX-License-Identifier: MIT */
#include "discover/detail/sriov.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"

/* Drivers name the bus address: it must be the name of a file and nothing else. */
static bool is_bus_address(const char *s)
{
	return *s && strspn(s, "0123456789abcdefABCDEF:.-_") == strlen(s) && s[0] != '.';
}

static void find_one(struct nif *nif, int devices)
{
	char path[ETHTOOL_TEXT_MAX + 16], target[PATH_MAX];
	const char *name;
	ssize_t n;

	(void) snprintf(path, sizeof(path), "%s/physfn", nif->driver.businfo);
	n = readlinkat(devices, path, target, sizeof(target) - 1);
	if (n > 0) {
		target[n] = '\0';
		name = strrchr(target, '/');
		name = name ? name + 1 : target;
		nif->sriov = SRIOV_VF;
		if (is_bus_address(name) && strlen(name) < sizeof(nif->pf_bus))
			memcpy(nif->pf_bus, name, strlen(name) + 1);
		return;
	}
	(void) snprintf(path, sizeof(path), "%s/sriov_numvfs", nif->driver.businfo);
	if (faccessat(devices, path, F_OK, 0) == 0)
		nif->sriov = SRIOV_PF;
}

void sriov_find(struct netstacks *all, const char *devices)
{
	AUTO_CLOSE int fd = open(devices, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < all->n && fd >= 0; i++) {
		for (size_t j = 0; j < all->v[i].n_nifs; j++) {
			struct nif *nif = &all->v[i].nifs[j];

			if (nif->is_physical && is_bus_address(nif->driver.businfo))
				find_one(nif, fd);
		}
	}
}
