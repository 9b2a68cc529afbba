/* SPDX-License-Identifier: MIT */
/* Arrays that grow by doubling. */
#ifndef BASE_GROW_H
#define BASE_GROW_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Make room for one more element of @size_bytes behind the @n elements of @v, an array of which
 * *@cap elements are allocated. Returns the array to use from now on, NULL (with @v untouched) when
 * there is no memory. */
static inline void *grow(void *v, size_t n, size_t *cap, size_t size_bytes)
{
	size_t more = *cap ? *cap * 2 : 16;
	void *p;

	if (n < *cap)
		return v;
	if (more > SIZE_MAX / 2 / size_bytes)
		return NULL;
	p = realloc(v, more * size_bytes);
	if (p)
		*cap = more;
	return p;
}

#endif
