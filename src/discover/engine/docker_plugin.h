/* SPDX-License-Identifier: MIT */
/* Names of Docker's managed plugins. dockerd runs them as containers of containerd's namespace
 * "plugins.moby", under ids nobody knows; people know a plugin by the socket it listens on. */
#ifndef DISCOVER_DOCKER_PLUGIN_H
#define DISCOVER_DOCKER_PLUGIN_H

#include "discover/engine/engine_list.h"

#define DOCKER_PLUGIN_NAMESPACE "plugins.moby"

/* If @c, as containerd tells of it, is a plugin, rename it after the socket in its directory below
 * /run/docker/plugins inside the root of containerd, process @pid, and label it so (contract 2.11,
 * 6.3). It keeps its name when there is no such socket (yet). Returns 0 or -ENOMEM. */
int docker_plugin_name(int procfd, int32_t pid, struct engine_container *c);

#endif
