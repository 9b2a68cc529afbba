/* SPDX-License-Identifier: MIT */
/* The tenants of a namespace in the /json document (contract 2.6.4 to 2.6.6). */
#ifndef DETAIL_PUT_CONTAINER_H
#define DETAIL_PUT_CONTAINER_H

#include <stddef.h>

#include "discover/detail/document.h"
#include "discover/detail/tenants.h"
#include "base/text.h"

/* Append the member "container-groups" of the namespace with index @netns: its pods. */
void put_groups(struct text *t, const struct tenants *tenants, size_t netns);

/* Append the member "containers" of that namespace: its tenants; if there are none, the place that
 * keeps it. Returns 0 or -ENOMEM. */
int put_containers(
	struct text *t, const struct document *d, const struct tenants *tenants, size_t netns);

#endif
