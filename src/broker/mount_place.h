/* SPDX-License-Identifier: MIT */
/* From a mount id to the place where a network namespace is mounted. */
#ifndef BROKER_MOUNT_PLACE_H
#define BROKER_MOUNT_PLACE_H

#include <stdint.h>

#include "proto/broker.h"

/* The mount point of the namespace that @ref (NS_REF_MOUNT) means, in the mount namespace of its
 * process. *ret is then owned by the caller. Returns 0, -ENOENT if there is no such mount, or
 * another negative errno. */
int mount_place(int procfd, const struct ns_ref *ref, char **ret);

#endif
