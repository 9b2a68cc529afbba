/* SPDX-License-Identifier: MIT */
/* Reading what one process shows of held namespaces, for held.c. */
#ifndef DISCOVER_HELD_READ_H
#define DISCOVER_HELD_READ_H

#include <sys/types.h>

#include "discover/host/held.h"

/* Add a copy of @h, unless there are HELD_MAX already. Returns 0 or -ENOMEM. */
int held_add_mount(struct held_list *l, const struct held *h);
int held_add_fd(struct held_list *l, const struct held *h);

/* Add the namespaces mounted where @p lives. Returns 1, 0 when that cannot be read, or -ENOMEM. */
int held_read_mounts(struct held_list *l, int procfd, const struct process *p);

/* Add the namespaces that descriptors of @p lead to; @nsfs is the device of the file system of
 * namespaces. Returns 0 or -ENOMEM. */
int held_read_fds(struct held_list *l, int procfd, const struct process *p, dev_t nsfs);

#endif
