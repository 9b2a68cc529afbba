/* SPDX-License-Identifier: MIT */
/* Finding one target by what a person types (wire contract 3.4). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alias.h"
#include "base/own.h"
#include "base/text.h"
#include "csharg/lib/client.h"

#define WORDS_MAX       300 /* bytes of a list in an error */
#define SUGGESTIONS_MAX 5
#define NEAR_MAX        128 /* bytes of names that are compared for suggestions */

enum csharg_class csharg_class_of(const char *type)
{
	if (strcmp(type, "pod") == 0)
		return CSHARG_PODS;
	if (strcmp(type, "proc") == 0 || strcmp(type, "bindmount") == 0)
		return CSHARG_NETWORKS;
	return CSHARG_CONTAINERS;
}

static bool name_matches(const struct csharg_target *t, const char *name)
{
	size_t n = strlen(t->prefix);

	if (strcmp(t->name, name) == 0)
		return true;
	return strncmp(name, t->prefix, n) == 0 && name[n] == ':' &&
	       strcmp(name + n + 1, t->name) == 0;
}

/* Whether @t has the class and the node of @q. */
static bool is_allowed(const struct csharg_target *t, const struct csharg_query *q)
{
	if (q->type_class != CSHARG_ANY && csharg_class_of(t->type) != q->type_class)
		return false;
	return !q->node || !q->node[0] || strcmp(t->node_name, q->node) == 0;
}

static bool matches(const struct csharg_target *t, const struct csharg_query *q, const char *name)
{
	return is_allowed(t, q) && name_matches(t, name);
}

/* The name to look for, pods with their namespace. *@ret is owned by the caller. */
static int full_name(const struct csharg_query *q, char **ret)
{
	const char *ns = q->pod_namespace && q->pod_namespace[0] ? q->pod_namespace : "default";

	if (q->type_class == CSHARG_PODS && !strchr(q->name, '/'))
		return asprintf(ret, "%s/%s", ns, q->name) < 0 ? -ENOMEM : 0;
	*ret = strdup(q->name);
	return *ret ? 0 : -ENOMEM;
}

static void put_full_name(struct text *t, const struct csharg_target *target)
{
	text_put(t, target->prefix);
	text_put(t, target->prefix[0] ? ":" : "");
	text_put(t, target->name);
}

/* Append all targets that @q matches, with what tells them apart. */
static void put_candidates(struct text *t, const struct csharg_targets *all,
	const struct csharg_query *q, const char *name)
{
	const char *between = ": ";

	for (size_t i = 0; i < all->n; i++) {
		const struct csharg_target *target = all->target[i];

		if (!matches(target, q, name))
			continue;
		text_put(t, between);
		if (t->len_bytes > WORDS_MAX) {
			text_put(t, "...");
			return;
		}
		put_full_name(t, target);
		text_put(t, " (");
		text_put(t, target->type);
		text_put(t, ", netns ");
		text_put_u64(t, target->netns);
		text_put(t, ")");
		between = ", ";
	}
}

/* How many single characters differ between @a and @b: inserted, left out, or replaced (Levenshtein
 * distance). Names longer than NEAR_MAX are taken for far apart. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NEAR_MAX + 1], n = strlen(a), m = strlen(b);

	if (n > NEAR_MAX || m > NEAR_MAX)
		return SIZE_MAX;
	for (size_t k = 0; k <= m; k++)
		row[k] = k;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t k = 1; k <= m; k++) {
			size_t replace = diagonal + (a[i - 1] != b[k - 1]);
			size_t other = 1 + (row[k] < row[k - 1] ? row[k] : row[k - 1]);

			diagonal = row[k];
			row[k] = replace < other ? replace : other;
		}
	}
	return row[m];
}

/* Whether someone who typed @name may mean @target: a part of its name, or almost its name. */
static bool is_near(const struct csharg_target *target, const char *name)
{
	const char *plain = strrchr(name, ':');
	size_t n;

	plain = plain && plain[1] ? plain + 1 : name;
	n = strlen(plain);
	return (n >= 3 && strcasestr(target->name, plain)) ||
	       distance(target->name, plain) <= (n < 5 ? 1 : 2);
}

static void put_suggestions(struct text *t, const struct csharg_targets *all,
	const struct csharg_query *q, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n && n < SUGGESTIONS_MAX; i++) {
		const struct csharg_target *target = all->target[i];

		if (!is_allowed(target, q) || !is_near(target, name) || t->len_bytes > WORDS_MAX)
			continue;
		text_put(t, n++ ? ", " : "; similar: ");
		put_full_name(t, target);
	}
}

/* Set the words of @e to @begin and what is in @t. */
static int tell(int code, const char *begin, struct text *t, struct csharg_error *e)
{
	struct err why = ERR_NONE;

	text_put_bytes(t, "", 1);
	(void) err_set(&why, code, "%s%s", begin, t->failed ? "" : t->p);
	return error_tell(&why, e);
}

static int tell_missing(const struct csharg_targets *all, const struct csharg_query *q,
	const char *name, struct csharg_error *e)
{
	AUTO_TEXT struct text more = {0};
	char begin[ERR_TEXT_MAX];

	if (q->node && q->node[0])
		(void) snprintf(begin, sizeof(begin),
			"capture target \"%.200s\" on node \"%.200s\" not found", name, q->node);
	else
		(void) snprintf(begin, sizeof(begin), "capture target \"%.400s\" not found", name);
	put_suggestions(&more, all, q, name);
	return tell(-ENOENT, begin, &more, e);
}

static int tell_several(const struct csharg_targets *all, const struct csharg_query *q,
	const char *name, size_t n, struct csharg_error *e)
{
	AUTO_TEXT struct text more = {0};
	char begin[ERR_TEXT_MAX];

	(void) snprintf(begin, sizeof(begin),
		"ambiguous capture target \"%.200s\" matches %zu targets", name, n);
	put_candidates(&more, all, q, name);
	return tell(-ENOTUNIQ, begin, &more, e);
}

/* The number of targets that @q means in this way, and one of them. */
static size_t find_alias(const struct csharg_targets *all, const struct csharg_query *q,
	enum alias_way way, const struct csharg_target **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct csharg_target *t = all->target[i];
		const struct alias_target target = {.name = t->name,
			.type = t->type,
			.prefix = t->prefix,
			.id = t->id,
			.netns_name = t->netns_name,
			.pid = t->pid > 0 ? (uint32_t) t->pid : 0};

		if (!is_allowed(t, q) || !alias_matches(way, &target, q->name))
			continue;
		*ret = t;
		n++;
	}
	return n;
}

int csharg_targets_find(const struct csharg_targets *targets, const struct csharg_query *q,
	const struct csharg_target **ret_target, struct csharg_error *e)
{
	AUTO_FREE char *name = NULL;
	const struct csharg_target *found = NULL;
	struct err why = ERR_NONE;
	size_t n = 0;

	if (!q->name || !q->name[0]) {
		(void) err_set(&why, -EINVAL, "invalid empty capture target name");
		return error_tell(&why, e);
	}
	if (full_name(q, &name) < 0)
		return error_nomem(e);
	for (size_t i = 0; i < targets->n; i++) {
		if (!matches(targets->target[i], q, name))
			continue;
		found = targets->target[i];
		n++;
	}
	for (int way = 0; n == 0 && way < ALIAS_WAYS; way++)
		n = find_alias(targets, q, (enum alias_way) way, &found);
	if (n == 0)
		return tell_missing(targets, q, name, e);
	if (n > 1)
		return tell_several(targets, q, name, n, e);
	*ret_target = found;
	return 0;
}
