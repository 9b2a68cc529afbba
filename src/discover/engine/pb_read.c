/* SPDX-License-Identifier: MIT */
#include "discover/engine/pb_read.h"

#include <stdlib.h>

/* Sizes stand in front of what was allocated. */
union head {
	size_t len_bytes;
	max_align_t align;
};

static void *allocate(void *ctx, size_t len_bytes)
{
	struct pb_read *r = ctx;
	union head *h;

	if (len_bytes > r->left_bytes || r->left_bytes - len_bytes < sizeof(*h))
		return NULL;
	h = malloc(sizeof(*h) + len_bytes);
	if (!h)
		return NULL;
	h->len_bytes = len_bytes + sizeof(*h);
	r->left_bytes -= h->len_bytes;
	return h + 1;
}

static void release(void *ctx, void *p)
{
	struct pb_read *r = ctx;
	union head *h = p;

	if (!p)
		return;
	h--;
	r->left_bytes += h->len_bytes;
	free(h);
}

const void *pb_read(struct pb_read *ret, const ProtobufCMessageDescriptor *d, const uint8_t *p,
	size_t len_bytes, size_t max_bytes)
{
	*ret = (struct pb_read){
		.allocator = {.alloc = allocate, .free = release, .allocator_data = ret},
		.left_bytes = max_bytes};
	ret->message = protobuf_c_message_unpack(d, &ret->allocator, len_bytes, p);
	return ret->message;
}

void pb_read_done(struct pb_read *r)
{
	if (r->message)
		protobuf_c_message_free_unpacked(r->message, &r->allocator);
	r->message = NULL;
}
