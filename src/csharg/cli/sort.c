/* SPDX-License-Identifier: MIT */
#include "csharg/cli/sort.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "csharg/cli/columns.h"
#include "csharg/cli/jsonpath.h"
#include "csharg/cli/natural.h"

struct key {
	char *text; /* owned */
	size_t index;
};

static int compare(const void *a, const void *b)
{
	const struct key *p = a, *q = b;
	int diff = natural_compare(p->text, q->text);

	return diff != 0 ? diff : (p->index > q->index) - (p->index < q->index);
}

static int make_key(const struct jsonpath *by, const json_t *target, struct key *k, struct err *e)
{
	static const struct jsonpath_style strict = {.separator = " "};
	AUTO_TEXT struct text t = {0};
	int rc = jsonpath_run(by, target, &strict, &t, e);

	if (rc < 0)
		return rc;
	k->text = strndup(t.p ? t.p : "", t.len_bytes);
	return k->text ? 0 : err_set(e, -ENOMEM, "out of memory");
}

static int parse(const char *by, struct jsonpath **ret, struct err *e)
{
	return strchr(by, '{') ? jsonpath_parse(by, ret, e) : columns_relaxed_path(by, ret, e);
}

int sort_targets(const json_t *targets, const char *by, size_t *ret_order, struct err *e)
{
	AUTO_JSONPATH struct jsonpath *jp = NULL;
	AUTO_FREE struct key *keys = NULL;
	size_t n = json_array_size(targets);
	struct err why = ERR_NONE;
	int rc;

	for (size_t i = 0; i < n; i++)
		ret_order[i] = i;
	if (!*by)
		return 0;
	rc = parse(by, &jp, &why);
	if (rc < 0)
		return err_set(e, rc, "invalid --sort-by: %.400s", why.text);
	keys = calloc(n + 1, sizeof(*keys));
	if (!keys)
		return err_set(e, -ENOMEM, "out of memory");
	for (size_t i = 0; rc == 0 && i < n; i++) {
		keys[i].index = i;
		rc = make_key(jp, json_array_get(targets, i), &keys[i], &why);
	}
	if (rc < 0)
		(void) err_set(e, rc, "invalid --sort-by \"%.100s\": %.300s", by, why.text);
	else
		qsort(keys, n, sizeof(*keys), compare);
	for (size_t i = 0; i < n; i++) {
		if (rc == 0)
			ret_order[i] = keys[i].index;
		free(keys[i].text);
	}
	return rc;
}
