/* SPDX-License-Identifier: MIT */
/* The order of a list. */
#ifndef CSHARG_CLI_SORT_H
#define CSHARG_CLI_SORT_H

#include <stddef.h>

#include <jansson.h>

#include "base/err.h"

/* The order of @targets (an array of full documents) by the natural order of what the expression
 * @by says about each; equal ones stay as they are, and all of them if @by is empty.
 * Puts indexes into @ret_order, which has as many elements. Errors: -EINVAL for an expression that
 * is wrong, -ENOENT for one that finds nothing, -ENOMEM. */
int sort_targets(const json_t *targets, const char *by, size_t *ret_order, struct err *e);

#endif
