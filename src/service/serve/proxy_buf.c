/* SPDX-License-Identifier: MIT */
#include "service/serve/proxy_buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GROW_BYTES 4096

int proxy_buf_add(struct proxy_buf *b, const void *data, size_t len_bytes)
{
	size_t need = b->len_bytes + len_bytes;
	char *p;

	if (len_bytes == 0)
		return 0;
	if (len_bytes > PROXY_BUF_MAX_BYTES || need > PROXY_BUF_MAX_BYTES)
		return -E2BIG;
	if (need > b->cap_bytes) {
		need = (need + GROW_BYTES - 1) / GROW_BYTES * GROW_BYTES;
		p = realloc(b->p, need);
		if (!p)
			return -ENOMEM;
		b->p = p;
		b->cap_bytes = need;
	}
	memcpy(b->p + b->len_bytes, data, len_bytes);
	b->len_bytes += len_bytes;
	return 0;
}

void proxy_buf_drop(struct proxy_buf *b, size_t len_bytes)
{
	b->len_bytes -= len_bytes;
	if (b->len_bytes == 0)
		proxy_buf_done(b);
	else
		memmove(b->p, b->p + len_bytes, b->len_bytes);
}

void proxy_buf_done(struct proxy_buf *b)
{
	free(b->p);
	memset(b, 0, sizeof(*b));
}
