/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "csharg/cli/document.h"
#include "csharg/cli/gotemplate_tree.h"
#include "csharg/cli/govalue.h"

#define ARGS_MAX 64

struct variable {
	const char *name; /* with its '$', borrowed, @len bytes */
	size_t len;
	json_t *value; /* owned */
};

struct run {
	const struct gotemplate *t;
	struct text *out;
	size_t begun; /* length of @out before */
	size_t work;
	struct variable variable[GOTEMPLATE_VARS_MAX];
	size_t n_variables;
	struct err *e;
};

static int fail(const struct run *r, uint32_t at, int code, const char *words)
{
	return gotemplate_error(r->t->source, r->t->node[at].at, code, r->e, "%s", words);
}

static int nomem(const struct run *r)
{
	return err_set(r->e, -ENOMEM, "out of memory");
}

/* ---- variables ---- */

static int declare(struct run *r, uint32_t at, const char *name, size_t len, json_t *value)
{
	if (r->n_variables == GOTEMPLATE_VARS_MAX)
		return fail(r, at, -E2BIG, "too many variables");
	r->variable[r->n_variables++] = (struct variable){name, len, json_incref(value)};
	return 0;
}

static void forget_variables(struct run *r, size_t n)
{
	while (r->n_variables > n)
		json_decref(r->variable[--r->n_variables].value);
}

/* The newest variable of this name, NULL if there is none. */
static struct variable *find_variable(struct run *r, const char *name)
{
	for (size_t i = r->n_variables; i > 0; i--) {
		struct variable *v = &r->variable[i - 1];

		if (strlen(name) == v->len && memcmp(name, v->name, v->len) == 0)
			return v;
	}
	return NULL;
}

/* ---- pipelines ---- */

static int evaluate_pipe(struct run *r, uint32_t at, json_t *dot, json_t **ret);

static int evaluate_field(struct run *r, uint32_t at, json_t *dot, json_t **ret);

/* The value of the operand at @at, owned by the caller. */
static int evaluate(struct run *r, uint32_t at, json_t *dot, json_t **ret)
{
	const struct gonode *node = &r->t->node[at];
	struct variable *v;

	switch (node->kind) {
	case GO_CONSTANT:
		*ret = json_incref(node->value);
		return 0;
	case GO_DOT:
		*ret = json_incref(dot);
		return 0;
	case GO_VARIABLE:
		v = find_variable(r, node->text);
		if (!v)
			return fail(r, at, -EINVAL, "an unknown variable");
		*ret = json_incref(v->value);
		return 0;
	case GO_FIELD:
		return evaluate_field(r, at, dot, ret);
	case GO_PIPE:
		return evaluate_pipe(r, at, dot, ret);
	default:
		return fail(r, at, -EINVAL, "a function with arguments needs parentheses here");
	}
}

static int evaluate_field(struct run *r, uint32_t at, json_t *dot, json_t **ret)
{
	const struct gonode *node = &r->t->node[at];
	AUTO_JSON json_t *of = NULL;
	const json_t *found;
	int rc = evaluate(r, node->a, dot, &of);

	if (rc < 0)
		return rc;
	if (!json_is_object(of) && !json_is_null(of))
		return fail(r, at, -EINVAL, "a member of a value that is no object");
	found = json_is_object(of) ? document_member(of, node->text) : NULL;
	*ret = found ? json_incref((json_t *) (uintptr_t) found) : json_null();
	return 0;
}

static void release(json_t **arg, size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_decref(arg[i]);
}

/* Call @f with the operands at @at and, if it is not NULL, @last behind them. */
static int call(struct run *r, uint32_t at, const struct gofunction *f, json_t *dot, json_t *last,
	json_t **ret)
{
	uint32_t command = at;
	json_t *arg[ARGS_MAX] = {NULL};
	struct err why = ERR_NONE;
	size_t n = 0;
	int rc = 0;

	for (at = r->t->node[at].next; rc == 0 && at; at = r->t->node[at].next) {
		if (n + 1 == ARGS_MAX)
			rc = fail(r, at, -E2BIG, "too many arguments");
		else
			rc = evaluate(r, at, dot, &arg[n]);
		n += rc == 0;
	}
	if (rc == 0 && last)
		arg[n++] = json_incref(last);
	if (rc == 0 && (n < f->least || n > f->most))
		rc = fail(r, command, -EINVAL, "wrong number of arguments");
	if (rc == 0) {
		*ret = f->call(arg, n, &why);
		rc = *ret ? 0 : fail(r, command, why.code, why.text);
	}
	release(arg, n);
	return rc;
}

static int evaluate_command(struct run *r, uint32_t at, json_t *dot, json_t *last, json_t **ret)
{
	uint32_t first = r->t->node[at].a;
	const struct gonode *node = &r->t->node[first];

	if (node->kind == GO_FUNCTION)
		return call(r, first, gofunction_find(node->text), dot, last, ret);
	return evaluate(r, first, dot, ret);
}

static int evaluate_pipe(struct run *r, uint32_t at, json_t *dot, json_t **ret)
{
	AUTO_JSON json_t *value = NULL;

	if (++r->work > GOTEMPLATE_WORK_MAX)
		return fail(r, at, -E2BIG, "the template does too much");
	for (at = r->t->node[at].a; at; at = r->t->node[at].next) {
		json_t *next = NULL;
		int rc = evaluate_command(r, at, dot, value, &next);

		if (rc < 0)
			return rc;
		json_decref(value);
		value = next;
	}
	*ret = TAKE_PTR(value);
	return 0;
}

/* ---- actions ---- */

static int run_list(struct run *r, uint32_t first, json_t *dot);

/* Run a body whose variables end with it. */
static int run_body(struct run *r, uint32_t first, json_t *dot)
{
	size_t n = r->n_variables;
	int rc = run_list(r, first, dot);

	forget_variables(r, n);
	return rc;
}

/* Declare the variables of a block: one gets @value, two get @key and @value. */
static int declare_pair(struct run *r, uint32_t at, json_t *key, json_t *value)
{
	const char *names = r->t->node[at].text;
	const char *second = names ? strchr(names + 1, '$') : NULL;
	int rc = 0;

	if (!names)
		return 0;
	if (!second)
		return declare(r, at, names, strlen(names), value);
	rc = declare(r, at, names, 1 + strcspn(names + 1, ", \t\r\n"), key);
	return rc < 0 ? rc : declare(r, at, second, strlen(second), value);
}

static int run_element(struct run *r, uint32_t at, json_t *key, json_t *value)
{
	size_t n = r->n_variables;
	int rc = key ? declare_pair(r, at, key, value) : nomem(r);

	if (rc == 0)
		rc = run_list(r, r->t->node[at].b, value);
	forget_variables(r, n);
	json_decref(key);
	return rc;
}

static int run_range(struct run *r, uint32_t at, json_t *over, json_t *dot)
{
	AUTO_FREE const char **keys = NULL;
	int rc = 0;

	if (!json_is_array(over) && !json_is_object(over) && !json_is_null(over))
		return fail(r, at, -EINVAL, "range over a value that has no elements");
	if (!govalue_is_true(over))
		return run_body(r, r->t->node[at].c, dot);
	for (size_t i = 0; rc == 0 && i < json_array_size(over); i++)
		rc = run_element(r, at, json_integer((json_int_t) i), json_array_get(over, i));
	if (!json_is_object(over))
		return rc;
	keys = govalue_keys(over);
	if (!keys)
		return nomem(r);
	for (size_t i = 0; rc == 0 && keys[i]; i++)
		rc = run_element(
			r, at, json_string_nocheck(keys[i]), json_object_get(over, keys[i]));
	return rc;
}

static int run_choice(struct run *r, uint32_t at, json_t *value, json_t *dot)
{
	const struct gonode *node = &r->t->node[at];
	size_t n = r->n_variables;
	int rc = declare_pair(r, at, value, value);

	if (rc == 0 && govalue_is_true(value))
		rc = run_list(r, node->b, node->kind == GO_WITH ? value : dot);
	else if (rc == 0)
		rc = run_list(r, node->c, dot);
	forget_variables(r, n);
	return rc;
}

static int run_assignment(struct run *r, uint32_t at, json_t *value)
{
	const struct gonode *node = &r->t->node[at];
	struct variable *v;

	if (node->flag)
		return declare(r, at, node->text, strlen(node->text), value);
	v = find_variable(r, node->text);
	if (!v)
		return fail(r, at, -EINVAL, "an unknown variable");
	json_decref(v->value);
	v->value = json_incref(value);
	return 0;
}

static int run_node(struct run *r, uint32_t at, json_t *dot)
{
	const struct gonode *node = &r->t->node[at];
	AUTO_JSON json_t *value = NULL;
	int rc;

	if (++r->work > GOTEMPLATE_WORK_MAX)
		return fail(r, at, -E2BIG, "the template does too much");
	if (r->out->len_bytes - r->begun > GOTEMPLATE_OUTPUT_MAX)
		return fail(r, at, -E2BIG, "the template writes too much");
	if (node->kind == GO_TEXT) {
		text_put(r->out, node->text);
		return 0;
	}
	rc = evaluate_pipe(r, node->a, dot, &value);
	if (rc < 0)
		return rc;
	switch (node->kind) {
	case GO_SET:
		return run_assignment(r, at, value);
	case GO_RANGE:
		return run_range(r, at, value, dot);
	case GO_IF:
	case GO_WITH:
		return run_choice(r, at, value, dot);
	default:
		return govalue_put(r->out, value) < 0 ? nomem(r) : 0;
	}
}

static int run_list(struct run *r, uint32_t first, json_t *dot)
{
	int rc = 0;

	for (uint32_t at = first; rc == 0 && at; at = r->t->node[at].next)
		rc = run_node(r, at, dot);
	return rc;
}

int gotemplate_run(const struct gotemplate *t, const json_t *root, struct text *out, struct err *e)
{
	struct run r = {.t = t, .out = out, .begun = out->len_bytes, .e = e};
	/* counted references need a value that is not const; it is not changed through it */
	json_t *dot = (json_t *) (uintptr_t) root;
	int rc = declare(&r, t->first, "$", 1, dot);

	if (rc == 0)
		rc = run_list(&r, t->first, dot);
	forget_variables(&r, 0);
	return rc == 0 && out->failed ? nomem(&r) : rc;
}
