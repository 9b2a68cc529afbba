/* SPDX-License-Identifier: MIT */
/* The networks nerdctl has made for containerd: files, there is nobody to ask. */
#ifndef DISCOVER_NERDCTL_NETWORKS_H
#define DISCOVER_NERDCTL_NETWORKS_H

#include <stdint.h>

#include "discover/engine/networks.h"

/* Read /etc/cni/net.d/nerdctl-*.conflist inside the root of containerd's process @pid. What cannot
 * be read is passed over. Returns 0 or -ENOMEM; @ret, empty before, is to be freed with
 * engine_networks_done() in any case. */
int nerdctl_networks_read(int procfd, int32_t pid, struct engine_networks *ret);

#endif
