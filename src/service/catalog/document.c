/* SPDX-License-Identifier: MIT */
#include "service/catalog/document.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "proto/catalog.h"

#define NEEDED_SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

int document_map(int fd, uint64_t era, uint64_t number, struct document **ret)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct document *d;
	struct stat st;
	void *p;

	if (seals < 0 || (seals & NEEDED_SEALS) != NEEDED_SEALS || fstat(fd, &st) < 0 ||
		st.st_size <= 0 || st.st_size > CATALOG_BYTES_MAX)
		return -EBADMSG;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	p = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED) {
		free(d);
		return -errno;
	}
	d->refs = 1;
	d->p = p;
	d->len_bytes = (size_t) st.st_size;
	(void) snprintf(d->tag, sizeof(d->tag), "\"%" PRIx64 ".%" PRIx64 "\"", era, number);
	*ret = d;
	return 0;
}

int document_add_packed(struct document *d, char *p, size_t len_bytes)
{
	struct document *packed = calloc(1, sizeof(*packed));

	if (!packed) {
		free(p);
		return -ENOMEM;
	}
	packed->refs = 1;
	packed->p = p;
	packed->len_bytes = len_bytes;
	packed->is_gzip = true;
	(void) snprintf(
		packed->tag, sizeof(packed->tag), "%.*s-gzip\"", (int) strlen(d->tag) - 1, d->tag);
	d->packed = packed;
	return 0;
}

struct document *document_ref(struct document *d)
{
	d->refs++;
	return d;
}

void document_unref(struct document *d)
{
	if (!d || --d->refs > 0)
		return;
	document_unref(d->packed);
	if (d->is_gzip)
		free(d->p);
	else
		(void) munmap(d->p, d->len_bytes);
	free(d);
}
