/* SPDX-License-Identifier: MIT */
/* Bytes that wait in a connection that is passed on. Memory is held only while there are any. */
#ifndef SERVE_PROXY_BUF_H
#define SERVE_PROXY_BUF_H

#include <stddef.h>

#include "service/serve/proxy_head.h"

/* A head, what came with it in the same read, and a bit for longer heads. */
#define PROXY_BUF_MAX_BYTES (2 * PROXY_HEAD_MAX_BYTES + 4096)

/* Zeroed at first. */
struct proxy_buf {
	char *p; /* owned */
	size_t len_bytes, cap_bytes;
};

/* Append a copy. Returns 0, -E2BIG or -ENOMEM. */
int proxy_buf_add(struct proxy_buf *b, const void *data, size_t len_bytes);

/* Drop the first @len_bytes. */
void proxy_buf_drop(struct proxy_buf *b, size_t len_bytes);

void proxy_buf_done(struct proxy_buf *b);

#endif
