/* SPDX-License-Identifier: MIT */
#include "discover/engine/engine_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/utf8.h"

#define IMAGE_MAX 512 /* bytes, NUL included */

int engine_container_set_image(struct engine_container *c, const char *image)
{
	char clean[IMAGE_MAX];

	utf8_sanitize(image, clean, sizeof(clean));
	free(c->image);
	c->image = NULL;
	if (clean[0] == '\0')
		return 0;
	c->image = strdup(clean);
	return c->image ? 0 : -ENOMEM;
}

void engine_container_done(struct engine_container *c)
{
	free(c->name);
	free(c->image);
	c->name = c->image = NULL;
	labels_done(&c->labels);
}

void engine_list_done(struct engine_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		engine_container_done(&l->v[i]);
	free(l->v);
	*l = (struct engine_list){0};
}

/* Make room for one more. */
static int reserve(struct engine_list *l)
{
	struct engine_container *v;

	if (l->n >= ENGINE_CONTAINERS_MAX)
		return -ENOSPC;
	v = grow(l->v, l->n, &l->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	return 0;
}

int engine_list_append(struct engine_list *l, struct engine_container *c)
{
	int rc = reserve(l);

	if (rc < 0)
		engine_container_done(c);
	else
		l->v[l->n++] = *c;
	return rc;
}

static int cmp_id(const void *a, const void *b)
{
	const struct engine_container *x = a, *y = b;

	return strcmp(x->id, y->id);
}

/* Account for the labels of @c, or drop them. */
static void count_labels(struct engine_list *l, struct engine_container *c)
{
	if (c->labels.len_bytes > ENGINE_LABELS_BYTES - l->label_bytes)
		labels_done(&c->labels);
	l->label_bytes += c->labels.len_bytes;
}

void engine_list_sort(struct engine_list *l)
{
	size_t n = 0;

	if (l->n == 0)
		return;
	qsort(l->v, l->n, sizeof(*l->v), cmp_id);
	for (size_t i = 1; i < l->n; i++) {
		if (strcmp(l->v[i].id, l->v[n].id) == 0)
			engine_container_done(&l->v[i]);
		else
			l->v[++n] = l->v[i];
	}
	l->n = n + 1;
	l->label_bytes = 0;
	for (size_t i = 0; i < l->n; i++)
		count_labels(l, &l->v[i]);
}

/* Index of the first container whose id is not less than @id. */
static size_t lower_bound(const struct engine_list *l, const char *id)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(l->v[mid].id, id) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct engine_container *engine_list_find(const struct engine_list *l, const char *id)
{
	size_t i = lower_bound(l, id);

	return i < l->n && strcmp(l->v[i].id, id) == 0 ? &l->v[i] : NULL;
}

int engine_list_put(struct engine_list *l, struct engine_container *c)
{
	struct engine_container *old = engine_list_find(l, c->id);
	size_t i = lower_bound(l, c->id);
	int rc;

	if (old) {
		l->label_bytes -= old->labels.len_bytes;
		engine_container_done(old);
		*old = *c;
		count_labels(l, old);
		return 0;
	}
	rc = reserve(l);
	if (rc < 0) {
		engine_container_done(c);
		return rc;
	}
	memmove(&l->v[i + 1], &l->v[i], (l->n - i) * sizeof(*l->v));
	l->v[i] = *c;
	l->n++;
	count_labels(l, &l->v[i]);
	return 0;
}

void engine_list_set_label(
	struct engine_list *l, struct engine_container *c, const char *key, const char *value)
{
	const char *old = labels_get(&c->labels, key);

	if (old && strcmp(old, value) == 0)
		return;
	l->label_bytes -= c->labels.len_bytes;
	(void) labels_set(&c->labels, key, value);
	count_labels(l, c);
}

/* Labels do not change during a container's life, and details tell more than the list. */
static void inherit_labels(
	struct engine_list *next, struct engine_container *c, struct engine_container *old)
{
	if (!old->detailed || c->detailed)
		return;
	next->label_bytes -= c->labels.len_bytes;
	labels_done(&c->labels);
	c->labels = old->labels;
	old->labels = (struct labels){0};
	c->detailed = true;
	count_labels(next, c);
}

bool engine_list_inherit(struct engine_list *next, struct engine_list *before)
{
	bool differs = next->n != before->n;

	for (size_t i = 0; i < next->n; i++) {
		struct engine_container *c = &next->v[i];
		struct engine_container *old = engine_list_find(before, c->id);

		if (!old) {
			differs = true;
			continue;
		}
		differs = differs || old->paused != c->paused || strcmp(old->name, c->name) != 0;
		if (c->pid && c->pid != old->pid) {
			differs = true; /* started again */
			continue;
		}
		c->pid = old->pid;
		c->asked = old->asked;
		c->host_pid = old->host_pid;
		c->host_starttime_ticks = old->host_starttime_ticks;
		inherit_labels(next, c, old);
	}
	return differs;
}
