/* SPDX-License-Identifier: MIT */
#include "discover/engine/labels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/grow.h"

void labels_done(struct labels *l)
{
	free(l->text);
	free(l->v);
	*l = (struct labels){0};
}

const char *labels_key(const struct labels *l, size_t i)
{
	return l->text + l->v[i].key;
}

const char *labels_value(const struct labels *l, size_t i)
{
	return l->text + l->v[i].value;
}

/* Index of the first label whose key is not less than @key. */
static size_t lower_bound(const struct labels *l, const char *key)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(labels_key(l, mid), key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool is_at(const struct labels *l, size_t i, const char *key)
{
	return i < l->n && strcmp(labels_key(l, i), key) == 0;
}

const char *labels_get(const struct labels *l, const char *key)
{
	size_t i = lower_bound(l, key);

	return is_at(l, i, key) ? labels_value(l, i) : NULL;
}

/* Room for @more bytes of text. */
static int reserve(struct labels *l, size_t more)
{
	size_t cap = l->cap_bytes ? l->cap_bytes : 256;
	char *text;

	if (more > LABELS_MAX_BYTES - l->len_bytes)
		return -ENOSPC;
	while (cap < l->len_bytes + more)
		cap *= 2;
	if (cap == l->cap_bytes)
		return 0;
	text = realloc(l->text, cap);
	if (!text)
		return -ENOMEM;
	l->text = text;
	l->cap_bytes = cap;
	return 0;
}

/* Append clean text; there is room. Returns where it is. */
static uint32_t append(struct labels *l, const char *s)
{
	size_t at = l->len_bytes, len = strlen(s) + 1;

	memcpy(l->text + at, s, len);
	l->len_bytes += len;
	return (uint32_t) at;
}

int labels_set(struct labels *l, const char *key, const char *value)
{
	char k[LABEL_KEY_MAX], v[LABEL_VALUE_MAX];
	struct label_at *at;
	size_t i;
	int rc;

	if (key[0] == '\0' || strlen(key) >= sizeof(k))
		return -EINVAL;
	utf8_sanitize(key, k, sizeof(k));
	utf8_sanitize(value, v, sizeof(v));
	rc = reserve(l, strlen(k) + strlen(v) + 2);
	if (rc < 0)
		return rc;
	i = lower_bound(l, k);
	if (is_at(l, i, k)) {
		l->v[i].value = append(l, v);
		return 0;
	}
	if (l->n == LABELS_MAX)
		return -ENOSPC;
	at = grow(l->v, l->n, &l->cap, sizeof(*at));
	if (!at)
		return -ENOMEM;
	l->v = at;
	memmove(&at[i + 1], &at[i], (l->n - i) * sizeof(*at));
	at[i].key = append(l, k);
	at[i].value = append(l, v);
	l->n++;
	return 0;
}

int labels_copy(const struct labels *l, struct labels *ret)
{
	struct labels c = {
		.len_bytes = l->len_bytes, .cap_bytes = l->len_bytes, .n = l->n, .cap = l->n};

	if (l->n > 0) {
		c.text = malloc(c.cap_bytes);
		c.v = calloc(c.cap, sizeof(*c.v));
		if (!c.text || !c.v) {
			labels_done(&c);
			return -ENOMEM;
		}
		memcpy(c.text, l->text, l->len_bytes);
		memcpy(c.v, l->v, l->n * sizeof(*c.v));
		*ret = c;
		return 0;
	}
	*ret = (struct labels){0};
	return 0;
}
