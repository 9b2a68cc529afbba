/* SPDX-License-Identifier: MIT */
#include "csharg/lib/blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES                                                                                 \
	12 /* enough of any block to know its length, as a section header's byte order             \
	    */
#define LEAST_BYTES 12
#define SHB_BYTES   28

static const uint8_t shb_type[] = {0x0a, 0x0d, 0x0d, 0x0a};
static const uint8_t big_magic[] = {0x1a, 0x2b, 0x3c, 0x4d};
static const uint8_t little_magic[] = {0x4d, 0x3c, 0x2b, 0x1a};

/* The length of the block of which at least HEAD_BYTES bytes are at @p, in @ret; its byte order in
 * @s. */
static int measure(struct blocks *s, const uint8_t *p, size_t *ret, struct err *e)
{
	bool is_shb = memcmp(p, shb_type, 4) == 0;
	uint32_t len;

	if (!is_shb && !s->in_section)
		return err_set(e, -EBADMSG, "this is not pcapng");
	if (is_shb) {
		s->big_endian = memcmp(p + 8, big_magic, 4) == 0;
		if (!s->big_endian && memcmp(p + 8, little_magic, 4) != 0)
			return err_set(e, -EBADMSG, "a pcapng section header without byte order");
		s->in_section = true;
	}
	len = get32(s->big_endian, p + 4);
	if (len < (is_shb ? SHB_BYTES : LEAST_BYTES) || len % 4 || len > BLOCK_MAX)
		return err_set(e, -EBADMSG, "a pcapng block of impossible length %u", len);
	*ret = len;
	return 0;
}

static int tell(struct blocks *s, const uint8_t *p, size_t len, bool is_fed, block_fn fn, void *ctx,
	struct err *e)
{
	const struct block b = {.p = p,
		.len_bytes = len,
		.type = get32(s->big_endian, p),
		.big_endian = s->big_endian,
		.is_fed = is_fed};

	if (get32(s->big_endian, p + len - 4) != len)
		return err_set(e, -EBADMSG, "a pcapng block whose two lengths differ");
	return fn(ctx, &b);
}

static int reserve(struct blocks *s, size_t want, struct err *e)
{
	uint8_t *p;

	if (want <= s->cap_bytes)
		return 0;
	p = realloc(s->kept, want);
	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	s->kept = p;
	s->cap_bytes = want;
	return 0;
}

/* Move bytes behind the kept ones until there are @want. Returns 1 when there are. */
static int fill(struct blocks *s, const uint8_t **p, size_t *n, size_t want, struct err *e)
{
	size_t more = want - s->kept_bytes < *n ? want - s->kept_bytes : *n;

	if (reserve(s, want, e) < 0)
		return -ENOMEM;
	memcpy(s->kept + s->kept_bytes, *p, more);
	s->kept_bytes += more;
	*p += more;
	*n -= more;
	return s->kept_bytes == want ? 1 : 0;
}

/* Go on with a block that has begun in bytes fed before. Returns 1 when all of its *@ret_len bytes
 * are kept, 0 when some are still to come. */
static int complete_kept(
	struct blocks *s, const uint8_t **p, size_t *n, size_t *ret_len, struct err *e)
{
	int rc;

	if (s->kept_bytes < HEAD_BYTES) {
		rc = fill(s, p, n, HEAD_BYTES, e);
		if (rc <= 0)
			return rc;
	}
	rc = measure(s, s->kept, ret_len, e);
	if (rc < 0)
		return rc;
	return s->kept_bytes < *ret_len ? fill(s, p, n, *ret_len, e) : 1;
}

int blocks_take(
	struct blocks *s, const uint8_t **p, size_t *n, block_fn fn, void *ctx, struct err *e)
{
	size_t len = 0;
	int rc;

	if (s->kept_bytes > 0) {
		rc = complete_kept(s, p, n, &len, e);
		if (rc <= 0)
			return rc;
		s->kept_bytes = 0;
		return tell(s, s->kept, len, false, fn, ctx, e);
	}
	if (*n >= HEAD_BYTES) {
		rc = measure(s, *p, &len, e);
		if (rc < 0)
			return rc;
	}
	if (*n < HEAD_BYTES || *n < len) {
		rc = fill(s, p, n, *n, e);
		return rc < 0 ? rc : 0;
	}
	*p += len;
	*n -= len;
	return tell(s, *p - len, len, true, fn, ctx, e);
}

int blocks_feed(
	struct blocks *s, const uint8_t *p, size_t len_bytes, block_fn fn, void *ctx, struct err *e)
{
	size_t n = len_bytes;
	int rc = 0;

	while (n > 0 && rc == 0)
		rc = blocks_take(s, &p, &n, fn, ctx, e);
	return rc;
}

void blocks_done(struct blocks *s)
{
	free(s->kept);
	*s = (struct blocks){0};
}
