/* SPDX-License-Identifier: MIT */
/* Bytes that wait in a connection. Memory is held only while there are any. */
#ifndef HTTP_BUF_H
#define HTTP_BUF_H

#include <stddef.h>

/* Zeroed at first. The bytes that wait are @len_bytes from @p + @at_bytes on. */
struct buf {
	char *p; /* owned */
	size_t at_bytes, len_bytes, cap_bytes;
};

/* Where they are; NULL when there is no memory. */
static inline char *buf_at(const struct buf *b)
{
	return b->p ? b->p + b->at_bytes : NULL;
}

/* Make room for @more_bytes behind those that wait. Returns where, NULL without memory. */
char *buf_room(struct buf *b, size_t more_bytes);

/* Append a copy. Returns 0 or -ENOMEM. */
int buf_add(struct buf *b, const void *p, size_t len_bytes);

/* Drop the first @len_bytes. */
void buf_drop(struct buf *b, size_t len_bytes);

/* Drop everything. */
void buf_done(struct buf *b);

#endif
