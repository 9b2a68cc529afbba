/* SPDX-License-Identifier: MIT */
#include "csharg/lib/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/own.h"
#include "base/utf8.h"

/* What belongs to a public struct of which callers see only constant parts. */
struct target_box {
	struct csharg_target t; /* first: the public pointer is that of the box */
	char **interfaces;
	size_t cap;
};

struct targets_box {
	struct csharg_targets list; /* first, as above */
	struct csharg_target **target;
	size_t cap;
};

static const char empty[] = "";

static void free_string(const char *s)
{
	if (s != empty)
		free((char *) (uintptr_t) s);
}

struct csharg_target *target_new(void)
{
	struct target_box *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->t.name = b->t.type = b->t.prefix = b->t.node_name = empty;
	b->t.cluster_context = b->t.cluster_uid = b->t.capture_service = b->t.id = b->t.netns_name =
		empty;
	return &b->t;
}

void csharg_target_free(struct csharg_target *t)
{
	struct target_box *b = (struct target_box *) t;

	if (!t)
		return;
	free_string(t->name);
	free_string(t->type);
	free_string(t->prefix);
	free_string(t->node_name);
	free_string(t->cluster_context);
	free_string(t->cluster_uid);
	free_string(t->capture_service);
	free_string(t->id);
	free_string(t->netns_name);
	for (size_t i = 0; i < t->n_interfaces; i++)
		free(b->interfaces[i]);
	free(b->interfaces);
	free(b);
}

/* A copy of the @n bytes at @s as UTF-8 without control characters; NULL without memory. */
static char *clean_copy(const char *s, size_t n)
{
	AUTO_FREE char *raw = malloc(n + 1);
	char *out = malloc(n + 1);

	if (!raw || !out) {
		free(out);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		raw[i] = s[i] ? s[i] : '\x01';
	raw[n] = '\0';
	utf8_sanitize(raw, out, n + 1);
	return out;
}

int target_set(const char **field, const char *s, size_t len_bytes)
{
	const char *copy = len_bytes ? clean_copy(s, len_bytes) : empty;

	if (!copy)
		return -ENOMEM;
	free_string(*field);
	*field = copy;
	return 0;
}

int target_add_interface(struct csharg_target *t, const char *s, size_t len_bytes)
{
	struct target_box *b = (struct target_box *) t;
	char **names, *name;

	if (t->n_interfaces >= TARGET_INTERFACES_MAX)
		return -E2BIG;
	names = grow(b->interfaces, t->n_interfaces, &b->cap, sizeof(*names));
	if (!names)
		return -ENOMEM;
	b->interfaces = names;
	t->interfaces = (const char *const *) names;
	name = clean_copy(s, len_bytes);
	if (!name)
		return -ENOMEM;
	names[t->n_interfaces++] = name;
	t->has_interfaces = true;
	return 0;
}

static int copy_strings(const struct csharg_target *from, struct csharg_target *to)
{
	const char *const source[] = {from->name, from->type, from->prefix, from->node_name,
		from->cluster_context, from->cluster_uid, from->capture_service,
		from->id ? from->id : "", from->netns_name ? from->netns_name : ""};
	const char **const field[] = {&to->name, &to->type, &to->prefix, &to->node_name,
		&to->cluster_context, &to->cluster_uid, &to->capture_service, &to->id,
		&to->netns_name};

	for (size_t i = 0; i < ARRAY_LEN(source); i++)
		if (target_set(field[i], source[i], strlen(source[i])) < 0)
			return -ENOMEM;
	return 0;
}

int csharg_target_copy(const struct csharg_target *from, struct csharg_target **ret_target)
{
	AUTO_TARGET struct csharg_target *t = target_new();

	if (!t || copy_strings(from, t) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < from->n_interfaces; i++)
		if (target_add_interface(t, from->interfaces[i], strlen(from->interfaces[i])) < 0)
			return -ENOMEM;
	t->netns = from->netns;
	t->starttime = from->starttime;
	t->pid = from->pid;
	t->has_interfaces = from->has_interfaces;
	t->has_cluster = from->has_cluster;
	t->capture_port = from->capture_port;
	*ret_target = TAKE_PTR(t);
	return 0;
}

struct csharg_targets *targets_new(void)
{
	struct targets_box *b = calloc(1, sizeof(*b));

	return b ? &b->list : NULL;
}

void csharg_targets_free(struct csharg_targets *list)
{
	struct targets_box *b = (struct targets_box *) list;

	if (!list)
		return;
	for (size_t i = 0; i < list->n; i++)
		csharg_target_free(b->target[i]);
	free(b->target);
	free(b);
}

int targets_add(struct csharg_targets *list, struct csharg_target *t)
{
	AUTO_TARGET struct csharg_target *owned = t;
	struct targets_box *b = (struct targets_box *) list;
	struct csharg_target **v;

	if (list->n >= TARGETS_MAX)
		return -E2BIG;
	v = grow(b->target, list->n, &b->cap, sizeof(struct csharg_target *));
	if (!v)
		return -ENOMEM;
	b->target = v;
	list->target = (const struct csharg_target *const *) v;
	v[list->n++] = TAKE_PTR(owned);
	return 0;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int target_compare(const struct csharg_target *a, const struct csharg_target *b)
{
	int c = strcmp(a->name, b->name);

	c = c ? c : strcmp(a->prefix, b->prefix);
	c = c ? c : strcmp(a->type, b->type);
	c = c ? c : compare_u64(a->netns, b->netns);
	c = c ? c : compare_u64((uint64_t) a->pid, (uint64_t) b->pid);
	return c ? c : compare_u64(a->starttime, b->starttime);
}

static int compare_p(const void *a, const void *b)
{
	return target_compare(
		*(const struct csharg_target *const *) a, *(const struct csharg_target *const *) b);
}

void targets_sort(struct csharg_targets *list)
{
	struct targets_box *b = (struct targets_box *) list;

	if (list->n > 1)
		qsort(b->target, list->n, sizeof(struct csharg_target *), compare_p);
}
