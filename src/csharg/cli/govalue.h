/* SPDX-License-Identifier: MIT */
/* JSON values as Go treats and prints them. NULL and JSON's null are nil. No I/O. */
#ifndef CSHARG_CLI_GOVALUE_H
#define CSHARG_CLI_GOVALUE_H

#include <stdbool.h>

#include <jansson.h>

#include "base/text.h"

/* False for false, 0, nil, and what is empty. */
bool govalue_is_true(const json_t *v);

/* Put @v as "%v" does: strings as they are, lists as [a b], objects as map[k:v] in the order of
 * keys, nil as <no value>. Returns 0 or -ENOMEM. */
int govalue_put(struct text *out, const json_t *v);

/* The keys of @object in alphabetical order, ended by NULL, borrowed, in an array that the caller
 * frees; NULL without memory. */
const char **govalue_keys(const json_t *object);

#endif
