/* SPDX-License-Identifier: MIT */
#include "discover/engine/grpc_frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 4096

void grpc_frames_done(struct grpc_frames *f)
{
	free(f->p);
	*f = (struct grpc_frames){.max_bytes = f->max_bytes};
}

void grpc_frames_put_prefix(uint8_t ret[static 5], uint32_t len_bytes)
{
	ret[0] = 0;
	ret[1] = (uint8_t) (len_bytes >> 24);
	ret[2] = (uint8_t) (len_bytes >> 16);
	ret[3] = (uint8_t) (len_bytes >> 8);
	ret[4] = (uint8_t) len_bytes;
}

static size_t announced(const struct grpc_frames *f)
{
	return (size_t) f->prefix[1] << 24 | (size_t) f->prefix[2] << 16 |
	       (size_t) f->prefix[3] << 8 | f->prefix[4];
}

static size_t take_prefix(struct grpc_frames *f, const uint8_t *p, size_t len_bytes)
{
	size_t n = sizeof(f->prefix) - f->prefix_bytes;

	if (n > len_bytes)
		n = len_bytes;
	memcpy(f->prefix + f->prefix_bytes, p, n);
	f->prefix_bytes += n;
	return n;
}

static int append(struct grpc_frames *f, const uint8_t *p, size_t len_bytes)
{
	size_t cap = f->cap_bytes ? f->cap_bytes : FIRST_BYTES;
	uint8_t *more;

	while (cap < f->len_bytes + len_bytes)
		cap *= 2;
	if (cap > f->cap_bytes) {
		more = realloc(f->p, cap);
		if (!more)
			return -ENOMEM;
		f->p = more;
		f->cap_bytes = cap;
	}
	if (len_bytes > 0)
		memcpy(f->p + f->len_bytes, p, len_bytes);
	f->len_bytes += len_bytes;
	return 0;
}

int grpc_frames_feed(struct grpc_frames *f, const uint8_t *p, size_t len_bytes, size_t *ret_taken,
	const uint8_t **ret_message, size_t *ret_message_bytes)
{
	size_t n;

	*ret_taken = take_prefix(f, p, len_bytes);
	if (f->prefix_bytes < sizeof(f->prefix))
		return 0;
	if (f->prefix[0] != 0)
		return -EBADMSG;
	if (announced(f) > f->max_bytes)
		return -E2BIG;
	n = announced(f) - f->len_bytes;
	if (n > len_bytes - *ret_taken)
		n = len_bytes - *ret_taken;
	if (append(f, p + *ret_taken, n) < 0)
		return -ENOMEM;
	*ret_taken += n;
	if (f->len_bytes < announced(f))
		return 0;
	*ret_message = f->p;
	*ret_message_bytes = f->len_bytes;
	f->prefix_bytes = f->len_bytes = 0;
	return 1;
}

bool grpc_frames_complete(const struct grpc_frames *f)
{
	return f->prefix_bytes == 0;
}
