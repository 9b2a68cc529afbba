/* SPDX-License-Identifier: MIT */
#include "service/answer/pack.h"

#include <errno.h>
#include <stdlib.h>

#include <zlib.h>

#include "base/own.h"

#define LEVEL       3  /* decision 0035 */
#define GZIP_WINDOW 31 /* of 2^15 bytes, with the head and tail of gzip (zlib.h) */
#define MEMORY      9  /* zlib's most: 128 KiB */
#define RATIO       8  /* usual for our documents: the first guess */
#define LEAST_BYTES 1024

struct pack {
	z_stream z;
	size_t left_bytes; /* of the input */
	char *out;         /* owned */
	size_t len_bytes, cap_bytes;
};

static int grow(struct pack *p, size_t cap_bytes)
{
	char *out = realloc(p->out, cap_bytes);

	if (!out)
		return -ENOMEM;
	p->out = out;
	p->cap_bytes = cap_bytes;
	return 0;
}

int pack_new(const char *p, size_t len_bytes, struct pack **ret)
{
	struct pack *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	if (grow(k, LEAST_BYTES + len_bytes / RATIO) < 0 ||
		deflateInit2(&k->z, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY) !=
			Z_OK) {
		free(k->out);
		free(k);
		return -ENOMEM;
	}
	/* z_const is for those who define ZLIB_CONST: zlib only reads it */
	k->z.next_in = (Bytef *) p;
	k->left_bytes = len_bytes;
	*ret = k;
	return 0;
}

/* Into all the room there is. Returns what deflate() does. */
static int fill(struct pack *p, int flush)
{
	int rc;

	p->z.next_out = (Bytef *) p->out + p->len_bytes;
	p->z.avail_out = (uInt) (p->cap_bytes - p->len_bytes);
	rc = deflate(&p->z, flush);
	p->len_bytes = p->cap_bytes - p->z.avail_out;
	return rc;
}

int pack_step(struct pack *p, size_t step_bytes)
{
	size_t n = p->left_bytes < step_bytes ? p->left_bytes : step_bytes;
	int flush = n == p->left_bytes ? Z_FINISH : Z_NO_FLUSH;

	p->z.avail_in = (uInt) n;
	p->left_bytes -= n;
	for (;;) {
		int rc = fill(p, flush);

		if (rc == Z_STREAM_END)
			return 1;
		if (rc != Z_OK && rc != Z_BUF_ERROR)
			return -EIO;
		if (p->z.avail_out > 0)
			return 0;
		if (grow(p, 2 * p->cap_bytes) < 0)
			return -ENOMEM;
	}
}

char *pack_take(struct pack *p, size_t *ret_len_bytes)
{
	/* it stays for long: not with more room than it needs */
	char *out = realloc(p->out, p->len_bytes);

	if (out)
		p->out = out;
	*ret_len_bytes = p->len_bytes;
	return TAKE_PTR(p->out);
}

void pack_free(struct pack *p)
{
	if (!p)
		return;
	(void) deflateEnd(&p->z);
	free(p->out);
	free(p);
}
