/* SPDX-License-Identifier: MIT */
/* The files of the built-in web page (src/service/serve/web), part of the program. */
#ifndef SERVE_PAGE_H
#define SERVE_PAGE_H

#include <stddef.h>

struct page {
	const char *path, *type;
	const unsigned char *bytes;
	size_t len_bytes;
};

/* The file served at @path, NULL if there is none. Constant. */
const struct page *page_find(const char *path);

/* A copy of its bytes, owned by the caller; NULL without memory. */
char *page_copy(const struct page *p);

#endif
