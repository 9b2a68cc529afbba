/* SPDX-License-Identifier: MIT */
/* Making targets and lists of them. Strings of a target are its own or the one empty string. */
#ifndef CSHARG_TARGET_H
#define CSHARG_TARGET_H

#include "csharg/csharg.h"

#define TARGET_INTERFACES_MAX 16384 /* names of one target */
#define TARGETS_MAX           262144

/* All members empty. NULL without memory. */
struct csharg_target *target_new(void);

/* Replace the string *@field of a target by a sanitized copy of the @len_bytes bytes at @s. Returns
 * 0 or -ENOMEM. */
int target_set(const char **field, const char *s, size_t len_bytes);

/* Append an interface name as above; the list is known from then on. Returns 0, -ENOMEM, or -E2BIG
 * beyond TARGET_INTERFACES_MAX. */
int target_add_interface(struct csharg_target *t, const char *s, size_t len_bytes);

/* An empty list. NULL without memory. */
struct csharg_targets *targets_new(void);

/* Append @t, whose owner the list becomes, also on failure. Returns 0, -ENOMEM, or -E2BIG. */
int targets_add(struct csharg_targets *list, struct csharg_target *t);

/* Bring into the order csharg.h promises. */
void targets_sort(struct csharg_targets *list);

/* That order: by name, prefix, type, namespace, process. */
int target_compare(const struct csharg_target *a, const struct csharg_target *b);

static inline void target_free_p(struct csharg_target **t)
{
	csharg_target_free(*t);
}

static inline void targets_free_p(struct csharg_targets **t)
{
	csharg_targets_free(*t);
}

#define AUTO_TARGET  __attribute__((cleanup(target_free_p)))
#define AUTO_TARGETS __attribute__((cleanup(targets_free_p)))

#endif
