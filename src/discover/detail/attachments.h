/* SPDX-License-Identifier: MIT */
/* Which containers are attached to which networks of their engines, for /mobydig (contract 2.10):
 * by veth interfaces whose other ends are ports of the networks' bridges. No I/O. */
#ifndef DETAIL_ATTACHMENTS_H
#define DETAIL_ATTACHMENTS_H

#include "discover/container/container.h"
#include "discover/detail/netstack.h"
#include "discover/host/netns_set.h"
#include "base/text.h"

/* What the table is made of; all borrowed, all of one scan, networks set by nif_names_set(). */
struct attachments {
	const struct netns_set *set; /* sorted */
	const struct netstacks *stacks;
	const struct container_list *containers;
};

/* Append the table (proto/neighbours.h) of all containers to @ret. Default bridges are no networks
 * here: nobody answers for names in them. Returns 0, -ENOMEM, or -EINVAL when it is too large. */
int attachments_put(struct text *ret, const struct attachments *a);

#endif
