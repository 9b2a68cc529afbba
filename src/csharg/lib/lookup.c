/* SPDX-License-Identifier: MIT */
/* Finding one target by what a person types (wire contract 3.4). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "csharg/lib/client.h"

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

static bool matches(const struct csharg_target *t, const struct csharg_query *q, const char *name)
{
	if (q->type_class != CSHARG_ANY && csharg_class_of(t->type) != q->type_class)
		return false;
	if (q->node && q->node[0] && strcmp(t->node_name, q->node) != 0)
		return false;
	return name_matches(t, name);
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

static int tell_missing(const struct csharg_query *q, const char *name, struct csharg_error *e)
{
	struct err why = ERR_NONE;

	if (q->node && q->node[0])
		(void) err_set(&why, -ENOENT,
			"capture target \"%.200s\" on node \"%.200s\" not found", name, q->node);
	else
		(void) err_set(&why, -ENOENT, "capture target \"%.400s\" not found", name);
	return error_tell(&why, e);
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
	if (n == 0)
		return tell_missing(q, name, e);
	if (n > 1) {
		(void) err_set(&why, -ENOTUNIQ,
			"ambiguous capture target \"%.400s\" matches %zu targets", name, n);
		return error_tell(&why, e);
	}
	*ret_target = found;
	return 0;
}
