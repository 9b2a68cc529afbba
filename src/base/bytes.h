/* SPDX-License-Identifier: MIT */
/* Explicit little-endian integers and bounded cursors for everything that crosses a process
 * border. A cursor that ran out of room or bytes stays failed: check once, at the end. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t get_le16(const uint8_t *p)
{
	return (uint16_t) (p[0] | p[1] << 8);
}

static inline uint32_t get_le32(const uint8_t *p)
{
	return (uint32_t) get_le16(p) | (uint32_t) get_le16(p + 2) << 16;
}

static inline uint64_t get_le64(const uint8_t *p)
{
	return get_le32(p) | (uint64_t) get_le32(p + 4) << 32;
}

static inline void put_le16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t) v;
	p[1] = (uint8_t) (v >> 8);
}

static inline void put_le32(uint8_t *p, uint32_t v)
{
	put_le16(p, (uint16_t) v);
	put_le16(p + 2, (uint16_t) (v >> 16));
}

static inline void put_le64(uint8_t *p, uint64_t v)
{
	put_le32(p, (uint32_t) v);
	put_le32(p + 4, (uint32_t) (v >> 32));
}

/* Writes into a buffer owned by the caller. */
struct wbuf {
	uint8_t *p;
	size_t cap_bytes;
	size_t len_bytes; /* written so far */
	bool failed;      /* something did not fit */
};

/* Reads from a buffer owned by the caller. */
struct rbuf {
	const uint8_t *p;
	size_t len_bytes;
	size_t pos_bytes;
	bool failed; /* something was missing */
};

void wbuf_u8(struct wbuf *w, uint8_t v);
void wbuf_u16(struct wbuf *w, uint16_t v);
void wbuf_u32(struct wbuf *w, uint32_t v);
void wbuf_u64(struct wbuf *w, uint64_t v);
void wbuf_bytes(struct wbuf *w, const void *p, size_t len_bytes);
/* A string as u16 length and its bytes, without NUL. Longer than 65535 bytes fails the cursor. */
void wbuf_str(struct wbuf *w, const char *s);

/* Missing bytes read as 0 and fail the cursor. */
uint8_t rbuf_u8(struct rbuf *r);
/* One byte with one canonical form: 0 or 1. Any other value reads as false and fails the cursor. */
bool rbuf_flag(struct rbuf *r);
uint16_t rbuf_u16(struct rbuf *r);
uint32_t rbuf_u32(struct rbuf *r);
uint64_t rbuf_u64(struct rbuf *r);
/* Borrow the next @len_bytes bytes; NULL (and failed) if there are fewer. */
const uint8_t *rbuf_bytes(struct rbuf *r, size_t len_bytes);
/* Copy a string written by wbuf_str() into @ret (always NUL-terminated). A string that holds a
 * NUL byte or does not fit fails the cursor. */
void rbuf_str(struct rbuf *r, char *ret, size_t cap_bytes);
/* True when nothing was missing and nothing is left over: the form is canonical. */
bool rbuf_at_end(const struct rbuf *r);

#endif
