/* SPDX-License-Identifier: MIT */
#include "discover/host/id_set.h"

#include <stdlib.h>

#include "base/grow.h"

void id_set_done(struct id_set *s)
{
	free(s->v);
	*s = (struct id_set){0};
}

void id_set_clear(struct id_set *s)
{
	s->n = 0;
	s->cut = false;
	s->is_sorted = true;
}

void id_set_add(struct id_set *s, uint64_t id)
{
	uint64_t *v;

	/* the same one again and again is the usual storm */
	if (s->n > 0 && s->v[s->n - 1] == id)
		return;
	if (s->n >= ID_SET_MAX)
		id_set_sort(s);
	v = s->n < ID_SET_MAX ? grow(s->v, s->n, &s->cap, sizeof(*v)) : NULL;
	if (!v) {
		s->cut = true;
		return;
	}
	s->v = v;
	s->v[s->n++] = id;
	s->is_sorted = false;
}

static int cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

	return (x > y) - (x < y);
}

void id_set_sort(struct id_set *s)
{
	size_t n = 0;

	if (s->is_sorted || s->n == 0)
		return;
	qsort(s->v, s->n, sizeof(*s->v), cmp);
	for (size_t i = 1; i < s->n; i++) {
		if (s->v[i] != s->v[n])
			s->v[++n] = s->v[i];
	}
	s->n = n + 1;
	s->is_sorted = true;
}

bool id_set_has(const struct id_set *s, uint64_t id)
{
	return s->n > 0 && bsearch(&id, s->v, s->n, sizeof(*s->v), cmp) != NULL;
}

void id_set_swap(struct id_set *a, struct id_set *b)
{
	struct id_set t = *a;

	*a = *b;
	*b = t;
}
