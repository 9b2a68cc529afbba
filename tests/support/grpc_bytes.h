/* SPDX-License-Identifier: MIT */
/* What a gRPC server would send, byte by byte: HTTP/2 frames (RFC 9113) with header fields in their
 * plainest form (RFC 7541, 6.2.3). */
#ifndef TESTS_SUPPORT_GRPC_BYTES_H
#define TESTS_SUPPORT_GRPC_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define GRPC_BYTES_MAX 65536

enum {
	H2_DATA = 0,
	H2_HEADERS = 1,
	H2_RST_STREAM = 3,
	H2_SETTINGS = 4,
	H2_PUSH_PROMISE = 5,
	H2_PING = 6,
	H2_ACK = 1,
	H2_END_STREAM = 1,
	H2_END_HEADERS = 4
};

struct grpc_bytes {
	uint8_t p[GRPC_BYTES_MAX];
	size_t n;
};

static inline void grpc_bytes_frame(struct grpc_bytes *b, uint8_t type, uint8_t flags,
	uint8_t stream, const void *payload, size_t len_bytes)
{
	const uint8_t head[9] = {(uint8_t) (len_bytes >> 16), (uint8_t) (len_bytes >> 8),
		(uint8_t) len_bytes, type, flags, 0, 0, 0, stream};

	memcpy(b->p + b->n, head, sizeof(head));
	if (len_bytes > 0)
		memcpy(b->p + b->n + sizeof(head), payload, len_bytes);
	b->n += sizeof(head) + len_bytes;
}

/* @fields: names and values in turn, ended by NULL. */
static inline void grpc_bytes_headers(
	struct grpc_bytes *b, uint8_t flags, uint8_t stream, const char *const *fields)
{
	uint8_t block[4096];
	size_t n = 0;

	for (size_t i = 0; fields[i]; i++) {
		if (i % 2 == 0)
			block[n++] = 0x10;
		block[n++] = (uint8_t) strlen(fields[i]);
		memcpy(block + n, fields[i], strlen(fields[i]));
		n += strlen(fields[i]);
	}
	grpc_bytes_frame(b, H2_HEADERS, flags | H2_END_HEADERS, stream, block, n);
}

static inline void grpc_bytes_begin(struct grpc_bytes *b, uint8_t stream)
{
	static const char *const good[] = {
		":status", "200", "content-type", "application/grpc", NULL};

	grpc_bytes_headers(b, 0, stream, good);
}

static inline void grpc_bytes_message(
	struct grpc_bytes *b, uint8_t stream, const void *p, size_t len_bytes)
{
	uint8_t body[16384] = {0, 0, 0, (uint8_t) (len_bytes >> 8), (uint8_t) len_bytes};

	memcpy(body + 5, p, len_bytes);
	grpc_bytes_frame(b, H2_DATA, 0, stream, body, len_bytes + 5);
}

static inline void grpc_bytes_end(struct grpc_bytes *b, uint8_t stream, const char *status)
{
	const char *const trailer[] = {"grpc-status", status, NULL};

	grpc_bytes_headers(b, H2_END_STREAM, stream, trailer);
}

#endif
