/* SPDX-License-Identifier: MIT */
/* A document that discover has written, mapped once for all who send it. Counted and immutable; its
 * gzip form is added once. */
#ifndef CATALOG_DOCUMENT_H
#define CATALOG_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOCUMENT_TAG_MAX 48 /* bytes, with the NUL */

struct document {
	uint32_t refs;
	char *p; /* mapped, read-only; a gzip form is malloc'ed */
	size_t len_bytes;
	char tag[DOCUMENT_TAG_MAX]; /* strong entity tag, with its quotes */
	bool is_gzip;
	struct document *packed; /* its gzip form, one reference; NULL until it is made */
};

/* Map memfd @fd (stays the caller's), which nobody can change any more. The @era of this process
 * and the @number of the document in it make the tag. Returns 0 with one reference in *ret,
 * -EBADMSG for a memfd without seals, empty or above CATALOG_BYTES_MAX, or another negative errno.
 */
int document_map(int fd, uint64_t era, uint64_t number, struct document **ret);

/* Add the gzip form of @d: @len_bytes of @p, taken over, malloc'ed. It has a tag of its own.
 * Returns 0, or -ENOMEM. */
int document_add_packed(struct document *d, char *p, size_t len_bytes);

/* One more reference to @d. */
struct document *document_ref(struct document *d);

/* The last one unmaps, or frees. NULL is fine. */
void document_unref(struct document *d);

#endif
