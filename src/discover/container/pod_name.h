/* SPDX-License-Identifier: MIT */
#ifndef DISCOVER_POD_NAME_H
#define DISCOVER_POD_NAME_H

/* Take a container name as dockershim makes them, k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT[_RANDOM],
 * apart. Returns "NAMESPACE/POD" (free() it), or NULL when @name is no such name or memory is
 * short. No I/O. */
char *pod_name_of(const char *name);

#endif
