/* SPDX-License-Identifier: MIT */
/* Targets as a person types them: NAME, PREFIX:NAME (both parts may hold colons themselves), or one
 * of the words in base/alias.h. */
#ifndef ADMIT_SHORT_NAME_H
#define ADMIT_SHORT_NAME_H

#include "proto/catalog.h"
#include "service/admit/refusal.h"

/* Find the target that @name means. In this order: one of that name without a prefix, one of that
 * name with any prefix, one of that prefix and name for any way to split @name at a colon, then
 * what
 * @name is an alias of. The first of these that fits must fit one network namespace only.
 * Returns 0 with *ret borrowed from @cat, -ENOENT (@why is not filled), or -ENOTUNIQ with @why
 * listing what it could mean. */
int short_name_find(const struct catalog *cat, const char *name, const struct catalog_target **ret,
	struct refusal *why);

#endif
