/* SPDX-License-Identifier: MIT */
/* Labels: texts under names, as engines keep them for containers and networks. Keys and values are
 * clean UTF-8 without control characters. No I/O. */
#ifndef DISCOVER_LABELS_H
#define DISCOVER_LABELS_H

#include <stddef.h>
#include <stdint.h>

#define LABELS_MAX       256   /* in one set; more are left out */
#define LABELS_MAX_BYTES 32768 /* of all keys and values of one set, each with its NUL */
#define LABEL_KEY_MAX    512   /* bytes with NUL; longer keys are left out */
#define LABEL_VALUE_MAX  4096  /* bytes with NUL; longer values are cut */

/* Zero-initialise; belongs to its owner by value, moved by assignment. */
struct labels {
	char *text; /* owned: keys and values, each ended by NUL */
	size_t len_bytes, cap_bytes;
	struct label_at {
		uint32_t key, value; /* in @text */
	} * v;                       /* owned, by key; no key twice */
	size_t n, cap;
};

void labels_done(struct labels *l);

/* Set @key to @value, both cleaned, instead of what it was. Returns 0, -EINVAL for an empty or too
 * long key, -ENOSPC when the set is full, or -ENOMEM; @l is as before then. */
int labels_set(struct labels *l, const char *key, const char *value);

/* The value under @key, NULL if there is none. Valid until @l is changed. */
const char *labels_get(const struct labels *l, const char *key);

/* The @i-th of @l->n labels, by key. Valid until @l is changed. */
const char *labels_key(const struct labels *l, size_t i);
const char *labels_value(const struct labels *l, size_t i);

/* Make @ret, which is overwritten, equal to @l. Returns 0 or -ENOMEM. */
int labels_copy(const struct labels *l, struct labels *ret);

#endif
