/* SPDX-License-Identifier: MIT */
#include "service/hub/idb_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stream/chunk.h"

static int reserve_bytes(struct idb_list *l, size_t more)
{
	size_t cap = l->cap_bytes ? l->cap_bytes : 1024;
	uint8_t *p;

	if (more <= l->cap_bytes - l->len_bytes)
		return 0;
	while (cap - l->len_bytes < more)
		cap *= 2;
	p = realloc(l->bytes, cap);
	if (!p)
		return -ENOMEM;
	l->bytes = p;
	l->cap_bytes = cap;
	return 0;
}

static int reserve_one(struct idb_list *l)
{
	uint32_t cap = l->cap ? l->cap * 2 : 8;
	size_t *p;

	if (l->n < l->cap)
		return 0;
	p = reallocarray(l->end_of, cap, sizeof(*p));
	if (!p)
		return -ENOMEM;
	l->end_of = p;
	l->cap = cap;
	return 0;
}

int idb_list_add(struct idb_list *l, const uint8_t *block, size_t len_bytes)
{
	if (l->n >= STREAM_INTERFACES_MAX || len_bytes > IDB_LIST_BYTES_MAX - l->len_bytes)
		return -E2BIG;
	if (reserve_bytes(l, len_bytes) < 0 || reserve_one(l) < 0)
		return -ENOMEM;
	memcpy(l->bytes + l->len_bytes, block, len_bytes);
	l->len_bytes += len_bytes;
	l->end_of[l->n++] = l->len_bytes;
	return 0;
}

int idb_list_add_all(struct idb_list *l, const struct idb_list *from)
{
	int rc = 0;

	for (uint32_t i = 0; i < from->n && rc == 0; i++) {
		size_t len;
		const uint8_t *block = idb_list_range(from, i, i + 1, &len);

		rc = idb_list_add(l, block, len);
	}
	return rc;
}

const uint8_t *idb_list_range(const struct idb_list *l, uint32_t from, uint32_t to, size_t *ret_len)
{
	size_t begin = from ? l->end_of[from - 1] : 0;

	*ret_len = (to ? l->end_of[to - 1] : 0) - begin;
	return l->bytes + begin;
}

uint32_t idb_list_fit(const struct idb_list *l, uint32_t from, uint32_t to)
{
	uint32_t n = from < to ? 1 : 0;
	size_t len;

	for (; from + n < to; n++) {
		(void) idb_list_range(l, from, from + n + 1, &len);
		if (len > IDB_RANGE_BYTES)
			break;
	}
	return n;
}

void idb_list_done(struct idb_list *l)
{
	free(l->bytes);
	free(l->end_of);
	memset(l, 0, sizeof(*l));
}
