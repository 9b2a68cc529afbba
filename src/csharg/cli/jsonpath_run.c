/* SPDX-License-Identifier: MIT */
#include "csharg/cli/jsonpath.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/own.h"
#include "csharg/cli/document.h"
#include "csharg/cli/govalue.h"
#include "csharg/cli/jsonpath_tree.h"

struct values {
	const json_t **v; /* owned; the values are borrowed from the document */
	size_t n, cap;
};

struct run {
	const struct jsonpath *jp;
	const json_t *root;
	const struct jsonpath_style *style;
	struct text *out;
	size_t work;  /* values looked at */
	size_t begun; /* length of @out at the start */
	struct err *e;
};

static int add(struct run *r, struct values *out, const json_t *v)
{
	const json_t **more;

	if (out->n == JSONPATH_VALUES_MAX || ++r->work > JSONPATH_WORK_MAX)
		return err_set(r->e, -E2BIG, "the expression finds too much");
	more = grow(out->v, out->n, &out->cap, sizeof(const json_t *));
	if (!more)
		return err_set(r->e, -ENOMEM, "out of memory");
	out->v = more;
	more[out->n++] = v;
	return 0;
}

/* Nothing is there: an error unless that is shown in some way, or only looked for. */
static int absent(const struct run *r, bool lenient, const char *what)
{
	if (lenient || r->style->missing)
		return 0;
	return err_set(r->e, -ENOENT, "%.200s is not found", what);
}

static int step_name(
	struct run *r, const struct step *s, bool lenient, const json_t *v, struct values *out)
{
	const json_t *m = document_member(v, s->name);

	if (m)
		return add(r, out, m);
	return json_is_null(v) ? 0 : absent(r, lenient, s->name);
}

static int step_all(struct run *r, const json_t *v, struct values *out)
{
	json_t *walk = (json_t *) (uintptr_t) v;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < json_array_size(v); i++)
		rc = add(r, out, json_array_get(v, i));
	for (void *at = json_object_iter(walk); rc == 0 && at; at = json_object_iter_next(walk, at))
		rc = add(r, out, json_object_iter_value(at));
	return rc;
}

static int step_index(
	struct run *r, const struct step *s, bool lenient, const json_t *v, struct values *out)
{
	long n = (long) json_array_size(v), i = s->from < 0 ? s->from + n : s->from;
	char words[32];

	if (i >= 0 && i < n)
		return add(r, out, json_array_get(v, (size_t) i));
	(void) snprintf(words, sizeof(words), "element %ld", s->from);
	return json_is_null(v) ? 0 : absent(r, lenient, words);
}

static int step_slice(struct run *r, const struct step *s, const json_t *v, struct values *out)
{
	long n = (long) json_array_size(v);
	long from = s->has_from ? s->from : 0, to = s->has_to ? s->to : n;
	int rc = 0;

	from = from < 0 ? from + n : from;
	to = to < 0 ? to + n : to;
	for (long i = from < 0 ? 0 : from; rc == 0 && i < to && i < n; i += s->by)
		rc = add(r, out, json_array_get(v, (size_t) i));
	return rc;
}

static int step_deep(struct run *r, const json_t *v, struct values *out)
{
	struct values inner = {0};
	int rc = add(r, out, v);

	if (rc == 0)
		rc = step_all(r, v, &inner);
	for (size_t i = 0; rc == 0 && i < inner.n; i++)
		rc = step_deep(r, inner.v[i], out);
	free(inner.v);
	return rc;
}

static int find(struct run *r, const struct path *path, const json_t *current, bool lenient,
	struct values *ret);

/* The sign of a - b for numbers and for texts; false if they are no such pair. */
static bool order(const json_t *a, const json_t *b, int *ret)
{
	if (json_is_number(a) && json_is_number(b)) {
		double x = json_number_value(a), y = json_number_value(b);

		*ret = x < y ? -1 : x > y;
		return true;
	}
	if (json_is_string(a) && json_is_string(b)) {
		*ret = strcmp(json_string_value(a), json_string_value(b));
		return true;
	}
	return false;
}

static bool holds(enum compare compare, const json_t *a, const json_t *b)
{
	int sign = 0;

	if (!order(a, b, &sign)) {
		bool equal = json_equal(a, b);

		return compare == COMPARE_EQ ? equal : compare == COMPARE_NE && !equal;
	}
	switch (compare) {
	case COMPARE_EXISTS:
		return true;
	case COMPARE_EQ:
		return sign == 0;
	case COMPARE_NE:
		return sign != 0;
	case COMPARE_LT:
		return sign < 0;
	case COMPARE_LE:
		return sign <= 0;
	case COMPARE_GT:
		return sign > 0;
	case COMPARE_GE:
		return sign >= 0;
	}
	return false;
}

/* The first value of @o, NULL if there is none. */
static int operand_value(
	struct run *r, const struct operand *o, const json_t *current, const json_t **ret)
{
	struct values found = {0};
	int rc;

	*ret = o->literal;
	if (o->literal)
		return 0;
	rc = find(r, &o->path, current, true, &found);
	if (rc == 0 && found.n > 0)
		*ret = found.v[0];
	free(found.v);
	return rc;
}

static int step_filter(struct run *r, const struct step *s, const json_t *v, struct values *out)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < json_array_size(v); i++) {
		const json_t *item = json_array_get(v, i), *left = NULL, *right = NULL;

		rc = operand_value(r, &s->left, item, &left);
		if (rc == 0 && s->compare != COMPARE_EXISTS)
			rc = operand_value(r, &s->right, item, &right);
		if (rc < 0 || !left || (s->compare != COMPARE_EXISTS && !right))
			continue;
		if (s->compare == COMPARE_EXISTS || holds(s->compare, left, right))
			rc = add(r, out, item);
	}
	return rc;
}

static int take_step(
	struct run *r, const struct step *s, bool lenient, const json_t *v, struct values *out)
{
	switch (s->kind) {
	case STEP_NAME:
		return step_name(r, s, lenient, v, out);
	case STEP_ALL:
		return step_all(r, v, out);
	case STEP_INDEX:
		return step_index(r, s, lenient, v, out);
	case STEP_SLICE:
		return step_slice(r, s, v, out);
	case STEP_DEEP:
		return step_deep(r, v, out);
	case STEP_FILTER:
		return step_filter(r, s, v, out);
	}
	return -EINVAL;
}

/* The values at the end of @path. On success *@ret's list is the caller's to free. */
static int find(struct run *r, const struct path *path, const json_t *current, bool lenient,
	struct values *ret)
{
	struct values here = {0};
	int rc = add(r, &here, path->from_root ? r->root : current);

	for (size_t i = 0; rc == 0 && i < path->n; i++) {
		const struct step *s = &r->jp->step[path->first + i];
		struct values next = {0};

		for (size_t k = 0; rc == 0 && k < here.n; k++)
			rc = take_step(r, s, lenient, here.v[k], &next);
		free(here.v);
		here = next;
		lenient = lenient || s->kind == STEP_DEEP;
	}
	if (rc == 0)
		*ret = here;
	else
		free(here.v);
	return rc;
}

static int put_value(const struct run *r, const json_t *v)
{
	AUTO_FREE char *dump = NULL;

	if (r->out->len_bytes - r->begun > JSONPATH_OUTPUT_MAX)
		return err_set(r->e, -E2BIG, "the expression finds too much");
	if (json_is_null(v)) {
		text_put(r->out, r->style->missing ? r->style->missing : "");
		return 0;
	}
	if (json_is_string(v)) {
		text_put(r->out, json_string_value(v));
		return 0;
	}
	if (r->style->go_lists && json_is_array(v))
		return govalue_put(r->out, v) < 0 ? err_set(r->e, -ENOMEM, "out of memory") : 0;
	dump = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
	if (!dump)
		return err_set(r->e, -ENOMEM, "out of memory");
	text_put(r->out, dump);
	return 0;
}

static int put_path(struct run *r, const struct path *path, const json_t *current)
{
	struct values found = {0};
	int rc = find(r, path, current, false, &found);

	if (rc < 0)
		return rc;
	if (found.n == 0 && r->style->missing)
		text_put(r->out, r->style->missing);
	for (size_t i = 0; rc == 0 && i < found.n; i++) {
		if (i > 0)
			text_put(r->out, r->style->separator);
		rc = put_value(r, found.v[i]);
	}
	free(found.v);
	return rc;
}

static int run_nodes(struct run *r, size_t first, size_t end, const json_t *current);

static int run_range(struct run *r, size_t at, const json_t *current)
{
	const struct node *node = &r->jp->node[at];
	struct values found = {0};
	int rc = find(r, &node->path, current, false, &found);

	for (size_t i = 0; rc == 0 && i < found.n; i++)
		rc = run_nodes(r, at + 1, node->end, found.v[i]);
	free(found.v);
	return rc;
}

/* The nodes from @first up to @end, which is not among them. */
static int run_nodes(struct run *r, size_t first, size_t end, const json_t *current)
{
	int rc = 0;

	for (size_t i = first; rc == 0 && i < end; i++) {
		const struct node *node = &r->jp->node[i];

		if (++r->work > JSONPATH_WORK_MAX)
			return err_set(r->e, -E2BIG, "the expression finds too much");
		switch (node->kind) {
		case NODE_TEXT:
			text_put(r->out, node->text);
			break;
		case NODE_PATH:
			rc = put_path(r, &node->path, current);
			break;
		case NODE_RANGE:
			rc = run_range(r, i, current);
			i = node->end;
			break;
		case NODE_END:
			break;
		}
	}
	return rc;
}

int jsonpath_run(const struct jsonpath *jp, const json_t *root, const struct jsonpath_style *style,
	struct text *out, struct err *e)
{
	struct run r = {.jp = jp,
		.root = root,
		.style = style,
		.out = out,
		.begun = out->len_bytes,
		.e = e};
	int rc = run_nodes(&r, 0, jp->n_nodes, root);

	if (rc == 0 && out->failed)
		return err_set(e, -ENOMEM, "out of memory");
	return rc;
}
