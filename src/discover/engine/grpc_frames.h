/* SPDX-License-Identifier: MIT */
/* Messages in the body of a gRPC stream: each behind one byte that tells whether it is compressed
 * and its length in four, big-endian. No I/O. */
#ifndef DISCOVER_GRPC_FRAMES_H
#define DISCOVER_GRPC_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise but for @max_bytes. */
struct grpc_frames {
	size_t max_bytes; /* of a message */
	uint8_t prefix[5];
	size_t prefix_bytes; /* of it received */
	uint8_t *p;          /* owned: the message that is coming in */
	size_t len_bytes, cap_bytes;
};

void grpc_frames_done(struct grpc_frames *f);

/* Write the prefix of a message that is not compressed. */
void grpc_frames_put_prefix(uint8_t ret[static 5], uint32_t len_bytes);

/* Take bytes, not more than to the end of a message. Returns 1 when one is complete: @ret_message,
 * valid until the next call. Returns 0 when all bytes were taken without that, -E2BIG when a
 * message begins that is larger than the limit, -EBADMSG when it is compressed (which nobody
 * offered to understand), or -ENOMEM. @ret_taken is always set. Memory grows with what came in,
 * never with what was announced. */
int grpc_frames_feed(struct grpc_frames *f, const uint8_t *p, size_t len_bytes, size_t *ret_taken,
	const uint8_t **ret_message, size_t *ret_message_bytes);

/* True between messages. */
bool grpc_frames_complete(const struct grpc_frames *f);

#endif
