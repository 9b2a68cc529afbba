/* SPDX-License-Identifier: MIT */
/* Targets as JSON values, for everything that prints them. */
#ifndef CSHARG_CLI_DOCUMENT_H
#define CSHARG_CLI_DOCUMENT_H

#include <stddef.h>

#include <jansson.h>

#include "base/err.h"
#include "csharg/csharg.h"

/* @target with every member it can have, empty strings, zeros and nulls included, and "full-name",
 * which is PREFIX:NAME, or NAME without a prefix: what expressions look at. NULL = no memory. The
 * caller owns the reference. */
json_t *document_full(const struct csharg_target *target);

/* @target as services and clients write it, absent members omitted: what is shown as JSON and YAML.
 * NULL = no memory. The caller owns the reference. */
json_t *document_plain(const struct csharg_target *target);

/* The member of @object that is called @name, or whose name is @name in other case or without
 * dashes
 * ("NodeName" for "node-name"). NULL if there is none. Borrowed. */
const json_t *document_member(const json_t *object, const char *name);

static inline void json_decref_p(json_t **j)
{
	json_decref(*j);
}

#define AUTO_JSON __attribute__((cleanup(json_decref_p)))

#endif
