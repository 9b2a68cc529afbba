/* SPDX-License-Identifier: MIT */
/* The gzip form (RFC 1952) of some bytes, made in steps, so that a loop has time for others in
 * between. No I/O. */
#ifndef ANSWER_PACK_H
#define ANSWER_PACK_H

#include <stddef.h>

struct pack;

/* Begin with @len_bytes of @p, borrowed until pack_free(). Returns 0, or -ENOMEM. */
int pack_new(const char *p, size_t len_bytes, struct pack **ret);

/* Take in up to @step_bytes more. Returns 1 when everything is packed, 0 when there is more to do,
 * -ENOMEM, or -EIO when zlib does not want to go on; after an error only pack_free() is left. */
int pack_step(struct pack *p, size_t step_bytes);

/* What was packed, once pack_step() has returned 1, owned by the caller: free(). */
char *pack_take(struct pack *p, size_t *ret_len_bytes);

/* NULL is fine. */
void pack_free(struct pack *p);

#endif
