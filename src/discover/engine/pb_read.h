/* SPDX-License-Identifier: MIT */
/* Decoding protocol buffers of strangers: libprotobuf-c with a bound on the memory that a message
 * unfolds to, as two bytes of it can become a hundred. */
#ifndef DISCOVER_PB_READ_H
#define DISCOVER_PB_READ_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

struct pb_read {
	ProtobufCAllocator allocator;
	size_t left_bytes; /* that may still be allocated */
	ProtobufCMessage *message;
};

/* Decode a message of type @d; all of it may take @max_bytes of memory. Returns the message, valid
 * until pb_read_done(), or NULL when it is malformed, too large or there is no memory. */
const void *pb_read(struct pb_read *ret, const ProtobufCMessageDescriptor *d, const uint8_t *p,
	size_t len_bytes, size_t max_bytes);
void pb_read_done(struct pb_read *r);

#define AUTO_PB_READ __attribute__((cleanup(pb_read_done)))

#endif
