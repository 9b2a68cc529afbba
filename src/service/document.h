/* SPDX-License-Identifier: MIT */
/* A document that discover has written, mapped once for all who send it. Counted and immutable. */
#ifndef SERVICE_DOCUMENT_H
#define SERVICE_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#define DOCUMENT_TAG_MAX 48 /* bytes, with the NUL */

struct document {
	uint32_t refs;
	char *p; /* mapped, read-only */
	size_t len_bytes;
	char tag[DOCUMENT_TAG_MAX]; /* strong entity tag, with its quotes */
};

/* Map memfd @fd (stays the caller's), which nobody can change any more. The @era of this process
 * and the @number of the document in it make the tag. Returns 0 with one reference in *ret,
 * -EBADMSG for a memfd without seals, empty or above CATALOG_BYTES_MAX, or another negative errno.
 */
int document_map(int fd, uint64_t era, uint64_t number, struct document **ret);

/* One more reference to @d. */
struct document *document_ref(struct document *d);

/* The last one unmaps. NULL is fine. */
void document_unref(struct document *d);

#endif
