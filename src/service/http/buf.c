/* SPDX-License-Identifier: MIT */
#include "service/http/buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 2048

char *buf_room(struct buf *b, size_t more_bytes)
{
	size_t need = b->len_bytes + more_bytes, cap = b->cap_bytes ? b->cap_bytes : FIRST_BYTES;
	char *p;

	if (b->at_bytes + need <= b->cap_bytes)
		return buf_at(b) + b->len_bytes;
	if (b->at_bytes > 0) {
		memmove(b->p, buf_at(b), b->len_bytes);
		b->at_bytes = 0;
	}
	while (cap < need)
		cap *= 2;
	if (cap > b->cap_bytes) {
		p = realloc(b->p, cap);
		if (!p)
			return NULL;
		b->p = p;
		b->cap_bytes = cap;
	}
	return b->p + b->len_bytes;
}

int buf_add(struct buf *b, const void *p, size_t len_bytes)
{
	char *to = buf_room(b, len_bytes);

	if (!to)
		return -ENOMEM;
	if (len_bytes > 0)
		memcpy(to, p, len_bytes);
	b->len_bytes += len_bytes;
	return 0;
}

void buf_drop(struct buf *b, size_t len_bytes)
{
	b->at_bytes += len_bytes;
	b->len_bytes -= len_bytes;
	if (b->len_bytes == 0)
		buf_done(b);
}

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){0};
}
