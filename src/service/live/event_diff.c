/* SPDX-License-Identifier: MIT */
#include "service/live/event_diff.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char list_key[] = "\"containers\":[";

void event_list_done(struct event_list *l)
{
	free(l->json);
	free(l->v);
	*l = (struct event_list){0};
}

/* The end of the object that begins at @p, NULL if it does not end before @end. */
static const char *object_end(const char *p, const char *end)
{
	bool in_string = false;
	int depth = 0;

	for (; p < end; p++) {
		if (in_string) {
			if (*p == '\\')
				p++;
			else if (*p == '"')
				in_string = false;
		} else if (*p == '"') {
			in_string = true;
		} else if (*p == '{') {
			depth++;
		} else if (*p == '}' && --depth == 0) {
			return p + 1;
		}
	}
	return NULL;
}

/* The document lists what the catalog does, in its order. */
static int split(struct event_list *l, const struct catalog *c, size_t len_bytes)
{
	const char *end = l->json + len_bytes;
	/* no string can hold this: its quotes would be escaped */
	const char *p = memmem(l->json, len_bytes, list_key, strlen(list_key));

	p = p ? p + strlen(list_key) : end;
	for (; l->n < c->n_targets; l->n++) {
		const struct catalog_target *t = &c->targets[l->n];
		const char *to = p < end && *p == '{' ? object_end(p, end) : NULL;

		if (!to || to == end)
			return -EBADMSG;
		l->v[l->n] = (struct event_target){
			.id = {t->pid, t->pid ? t->starttime_ticks : t->netns_inode},
			.p = p,
			.len_bytes = (size_t) (to - p)};
		p = *to == ',' ? to + 1 : to;
	}
	return p < end && *p == ']' ? 0 : -EBADMSG;
}

static int cmp_id(const void *a, const void *b)
{
	const struct event_target *x = a, *y = b;

	if (x->id[0] != y->id[0])
		return x->id[0] < y->id[0] ? -1 : 1;
	return (x->id[1] > y->id[1]) - (x->id[1] < y->id[1]);
}

/* Targets of one process, or places of one namespace, in an order of their own. */
static int cmp_target(const void *a, const void *b)
{
	const struct event_target *x = a, *y = b;
	int rc = cmp_id(x, y);

	if (rc == 0)
		rc = (x->len_bytes > y->len_bytes) - (x->len_bytes < y->len_bytes);
	return rc ? rc : memcmp(x->p, y->p, x->len_bytes);
}

int event_list_make(
	const struct catalog *c, const char *json, size_t len_bytes, struct event_list *ret)
{
	struct event_list l = {.json = malloc(len_bytes + 1),
		.v = calloc((size_t) c->n_targets + 1, sizeof(*l.v))};
	int rc = l.json && l.v ? 0 : -ENOMEM;

	if (rc == 0) {
		memcpy(l.json, json, len_bytes);
		rc = split(&l, c, len_bytes);
	}
	if (rc < 0) {
		event_list_done(&l);
		return rc;
	}
	if (l.n > 0)
		qsort(l.v, l.n, sizeof(*l.v), cmp_target);
	*ret = l;
	return 0;
}

enum what {
	ADDED,
	REMOVED,
	CHANGED,
	WHATS
};

static void put(FILE **out, enum what what, const struct event_target *t)
{
	(void) fprintf(
		out[what], "%s%.*s", ftell(out[what]) > 0 ? "," : "", (int) t->len_bytes, t->p);
}

static bool compare(const struct event_list *before, const struct event_list *now, FILE **out)
{
	bool differs = false;
	size_t i = 0, j = 0;

	while (i < before->n || j < now->n) {
		const struct event_target *a = &before->v[i], *b = &now->v[j];
		int rc = i == before->n ? 1 : j == now->n ? -1 : cmp_id(a, b);
		bool is_same = rc == 0 && a->len_bytes == b->len_bytes &&
			       memcmp(a->p, b->p, a->len_bytes) == 0;

		i += rc <= 0;
		j += rc >= 0;
		if (is_same)
			continue;
		differs = true;
		if (rc < 0)
			put(out, REMOVED, a);
		else
			put(out, rc > 0 ? ADDED : CHANGED, b);
	}
	return differs;
}

static int join(char *const *texts, uint64_t generation, char **ret, size_t *ret_len)
{
	char *s = NULL;
	int n = asprintf(&s,
		"{\"generation\":%" PRIu64 ",\"added\":[%s],\"removed\":[%s],\"changed\":[%s]}",
		generation, texts[ADDED], texts[REMOVED], texts[CHANGED]);

	if (n < 0)
		return -ENOMEM;
	*ret = s;
	*ret_len = (size_t) n;
	return 1;
}

int event_diff(const struct event_list *before, const struct event_list *now, uint64_t generation,
	char **ret, size_t *ret_len)
{
	FILE *out[WHATS] = {NULL};
	char *texts[WHATS] = {NULL};
	size_t lens[WHATS];
	bool is_good = true, differs = false;
	int rc;

	for (int i = 0; i < WHATS; i++) {
		out[i] = open_memstream(&texts[i], &lens[i]);
		is_good = is_good && out[i];
	}
	if (is_good)
		differs = compare(before, now, out);
	for (int i = 0; i < WHATS; i++)
		is_good = (!out[i] || fclose(out[i]) == 0) && is_good;
	rc = is_good ? 0 : -ENOMEM;
	if (is_good && differs)
		rc = join(texts, generation, ret, ret_len);
	for (int i = 0; i < WHATS; i++)
		free(texts[i]);
	return rc;
}
