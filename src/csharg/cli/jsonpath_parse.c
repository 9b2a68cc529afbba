/* SPDX-License-Identifier: MIT */
#include "csharg/cli/jsonpath.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/own.h"
#include "base/utf8.h"
#include "csharg/cli/jsonpath_tree.h"

/* A path is collected here and then moved behind the steps of the others: filters in it have paths
 * of their own. */
struct steps {
	struct step *v;
	size_t n, cap;
};

struct parser {
	const char *begin, *at;
	struct jsonpath *jp;
	unsigned int depth;
	size_t open[JSONPATH_DEPTH_MAX]; /* nodes of ranges without their end */
	size_t n_open;
	struct err *e;
};

static int wrong(const struct parser *p, const char *what)
{
	return err_set(p->e, -EINVAL, "%s at character %zu of \"%.200s\"", what,
		(size_t) (p->at - p->begin) + 1, p->begin);
}

static int no_memory(const struct parser *p)
{
	return err_set(p->e, -ENOMEM, "out of memory");
}

static void step_done(struct step *s)
{
	free(s->name);
	json_decref(s->left.literal);
	json_decref(s->right.literal);
}

static void steps_done(struct steps *s)
{
	for (size_t i = 0; i < s->n; i++)
		step_done(&s->v[i]);
	free(s->v);
}

static struct step *steps_add(struct steps *s, enum step_kind kind)
{
	struct step *v = grow(s->v, s->n, &s->cap, sizeof(*v));

	if (!v)
		return NULL;
	s->v = v;
	v[s->n] = (struct step){.kind = kind, .by = 1};
	return &v[s->n++];
}

static bool skip(struct parser *p, const char *text)
{
	size_t n = strlen(text);

	if (strncmp(p->at, text, n) != 0)
		return false;
	p->at += n;
	return true;
}

static void skip_blanks(struct parser *p)
{
	p->at += strspn(p->at, " \t\r\n");
}

static char unescaped(char c)
{
	static const char from[] = "abfnrtv0", to[] = "\a\b\f\n\r\t\v";
	const char *at = strchr(from, c);

	return at && c != '0' ? to[at - from] : c;
}

/* Text in the quotes that *p->at is. */
static int parse_quoted(struct parser *p, char **ret)
{
	char quote = *p->at++;
	AUTO_FREE char *s = malloc(strlen(p->at) + 1);
	size_t n = 0;

	if (!s)
		return no_memory(p);
	while (*p->at && *p->at != quote) {
		if (*p->at == '\\' && p->at[1]) {
			s[n++] = unescaped(p->at[1]);
			p->at += 2;
		} else {
			s[n++] = *p->at++;
		}
	}
	if (*p->at != quote)
		return wrong(p, "missing quotation mark");
	p->at++;
	s[n] = '\0';
	*ret = TAKE_PTR(s);
	return 0;
}

/* A name as it stands there, up to what cannot be in one. */
static int parse_name(struct parser *p, struct steps *out)
{
	size_t n = strcspn(p->at, " \t\r\n.,[]{}()$@=!<>|&*'\"");
	struct step *s;

	if (n == 0)
		return wrong(p, "a name is missing");
	s = steps_add(out, STEP_NAME);
	if (!s || !(s->name = strndup(p->at, n)))
		return no_memory(p);
	p->at += n;
	return 0;
}

static int parse_long(struct parser *p, long *ret, bool *ret_there)
{
	char *end;
	long value;

	*ret_there = isdigit((unsigned char) *p->at) || *p->at == '-';
	if (!*ret_there)
		return 0;
	errno = 0;
	value = strtol(p->at, &end, 10);
	if (end == p->at || errno || value > INT32_MAX || value < -INT32_MAX)
		return wrong(p, "not a usable number");
	p->at = end;
	*ret = value;
	return 0;
}

/* [n], [from:to:by] */
static int parse_index(struct parser *p, struct steps *out)
{
	struct step *s = steps_add(out, STEP_INDEX);
	bool has_by = false;
	int rc;

	if (!s)
		return no_memory(p);
	rc = parse_long(p, &s->from, &s->has_from);
	if (rc == 0 && *p->at == ':') {
		p->at++;
		s->kind = STEP_SLICE;
		rc = parse_long(p, &s->to, &s->has_to);
		if (rc == 0 && skip(p, ":"))
			rc = parse_long(p, &s->by, &has_by);
	} else if (rc == 0 && !s->has_from) {
		return wrong(p, "a number, a quoted name, * or ? is missing");
	}
	if (rc == 0 && s->by <= 0)
		return wrong(p, "steps must be forward");
	return rc;
}

static int parse_path(struct parser *p, struct path *ret);

static int parse_operand(struct parser *p, struct operand *ret)
{
	AUTO_FREE char *text = NULL;
	char *end;
	double number;
	bool yes;
	int rc;

	skip_blanks(p);
	if (*p->at == '@' || *p->at == '$')
		return parse_path(p, &ret->path);
	if (*p->at == '\'' || *p->at == '"') {
		rc = parse_quoted(p, &text);
		if (rc < 0)
			return rc;
		ret->literal = json_string(text);
		return ret->literal ? 0 : wrong(p, "not well-formed text");
	}
	yes = skip(p, "true");
	if (yes || skip(p, "false")) {
		ret->literal = json_boolean(yes);
		return 0;
	}
	if (!isdigit((unsigned char) *p->at) && *p->at != '-')
		return wrong(p, "a path (@...), text in quotation marks or a number is missing");
	number = strtod(p->at, &end);
	if (end == p->at || !(ret->literal = json_real(number)))
		return wrong(p, "not a usable number");
	p->at = end;
	return 0;
}

static enum compare parse_compare(struct parser *p)
{
	static const struct {
		const char *text;
		enum compare compare;
	} all[] = {
		{"==", COMPARE_EQ},
		{"!=", COMPARE_NE},
		{"<=", COMPARE_LE},
		{">=", COMPARE_GE},
		{"<", COMPARE_LT},
		{">", COMPARE_GT},
	};

	skip_blanks(p);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (skip(p, all[i].text))
			return all[i].compare;
	}
	return COMPARE_EXISTS;
}

/* ?(left op right), behind its parenthesis */
static int parse_filter(struct parser *p, struct steps *out)
{
	struct step *s = steps_add(out, STEP_FILTER);
	int rc;

	if (!s)
		return no_memory(p);
	if (++p->depth > JSONPATH_DEPTH_MAX)
		return err_set(p->e, -E2BIG, "too many filters within each other");
	rc = parse_operand(p, &s->left);
	if (rc < 0)
		return rc;
	s->compare = parse_compare(p);
	if (s->compare != COMPARE_EXISTS)
		rc = parse_operand(p, &s->right);
	if (rc < 0)
		return rc;
	p->depth--;
	skip_blanks(p);
	return skip(p, ")") ? 0 : wrong(p, "')' is missing");
}

/* What is in brackets, behind the first one. */
static int parse_bracket(struct parser *p, struct steps *out)
{
	struct step *s;
	int rc = 0;

	skip_blanks(p);
	if (skip(p, "*")) {
		rc = steps_add(out, STEP_ALL) ? 0 : no_memory(p);
	} else if (skip(p, "?(")) {
		rc = parse_filter(p, out);
	} else if (*p->at == '\'' || *p->at == '"') {
		s = steps_add(out, STEP_NAME);
		rc = s ? parse_quoted(p, &s->name) : no_memory(p);
	} else {
		rc = parse_index(p, out);
	}
	if (rc < 0)
		return rc;
	skip_blanks(p);
	return skip(p, "]") ? 0 : wrong(p, "']' is missing");
}

static int parse_steps(struct parser *p, struct steps *out)
{
	for (int rc = 0;; rc = 0) {
		if (skip(p, "[")) {
			rc = parse_bracket(p, out);
		} else if (skip(p, "..")) {
			if (!steps_add(out, STEP_DEEP))
				return no_memory(p);
			if (skip(p, "*"))
				rc = steps_add(out, STEP_ALL) ? 0 : no_memory(p);
			else if (*p->at != '[')
				rc = parse_name(p, out);
		} else if (skip(p, ".*")) {
			rc = steps_add(out, STEP_ALL) ? 0 : no_memory(p);
		} else if (skip(p, ".")) {
			/* "." alone is the value itself, ".[" what "[" is */
			if (*p->at && !strchr("[} \t\r\n)=!<>", *p->at))
				rc = parse_name(p, out);
		} else {
			return 0;
		}
		if (rc < 0)
			return rc;
	}
}

static int parse_path(struct parser *p, struct path *ret)
{
	struct steps steps = {0};
	struct jsonpath *jp = p->jp;
	bool from_root = *p->at == '$';
	size_t first;
	int rc;

	if (*p->at == '$' || *p->at == '@')
		p->at++;
	rc = parse_steps(p, &steps);
	first = jp->n_steps;
	for (size_t i = 0; rc == 0 && i < steps.n; i++) {
		struct step *v = grow(jp->step, jp->n_steps, &jp->cap_steps, sizeof(*v));

		if (!v) {
			rc = no_memory(p);
			break;
		}
		jp->step = v;
		v[jp->n_steps++] = steps.v[i];
		steps.v[i] = (struct step){0};
	}
	if (rc == 0)
		*ret = (struct path){from_root, first, steps.n};
	steps_done(&steps);
	return rc;
}

static struct node *add_node(struct parser *p, enum node_kind kind)
{
	struct jsonpath *jp = p->jp;
	struct node *v = grow(jp->node, jp->n_nodes, &jp->cap_nodes, sizeof(*v));

	if (!v)
		return NULL;
	jp->node = v;
	v[jp->n_nodes] = (struct node){.kind = kind};
	return &v[jp->n_nodes++];
}

/* Whether the word @text stands here, on its own. */
static bool skip_word(struct parser *p, const char *text)
{
	size_t n = strlen(text);

	return strncmp(p->at, text, n) == 0 && strchr(" \t\r\n}[.$@", p->at[n]) && skip(p, text);
}

static int parse_range(struct parser *p)
{
	struct path path = {0};
	struct node *node;
	int rc;

	if (p->n_open == JSONPATH_DEPTH_MAX)
		return err_set(p->e, -E2BIG, "too many ranges within each other");
	skip_blanks(p);
	rc = parse_path(p, &path);
	if (rc < 0)
		return rc;
	node = add_node(p, NODE_RANGE);
	if (!node)
		return no_memory(p);
	node->path = path;
	p->open[p->n_open++] = p->jp->n_nodes - 1;
	return 0;
}

static int parse_end(struct parser *p)
{
	if (p->n_open == 0)
		return wrong(p, "{end} without {range}");
	if (!add_node(p, NODE_END))
		return no_memory(p);
	p->jp->node[p->open[--p->n_open]].end = p->jp->n_nodes - 1;
	return 0;
}

/* One thing out of what is in braces. */
static int parse_item(struct parser *p)
{
	struct path path = {0};
	struct node *node;
	int rc;

	if (*p->at == '\'' || *p->at == '"') {
		node = add_node(p, NODE_TEXT);
		return node ? parse_quoted(p, &node->text) : no_memory(p);
	}
	if (skip_word(p, "range"))
		return parse_range(p);
	if (skip_word(p, "end"))
		return parse_end(p);
	if (!strchr("$@.[", *p->at))
		return wrong(p, "an expression such as .name is missing");
	rc = parse_path(p, &path);
	if (rc < 0)
		return rc;
	node = add_node(p, NODE_PATH);
	if (!node)
		return no_memory(p);
	node->path = path;
	return 0;
}

static int parse_braces(struct parser *p)
{
	for (;;) {
		int rc;

		skip_blanks(p);
		if (skip(p, "}"))
			return 0;
		if (!*p->at)
			return wrong(p, "'}' is missing");
		rc = parse_item(p);
		if (rc < 0)
			return rc;
	}
}

static int parse_template(struct parser *p)
{
	while (*p->at) {
		size_t n = strcspn(p->at, "{");
		struct node *node;
		int rc;

		if (n > 0) {
			node = add_node(p, NODE_TEXT);
			if (!node || !(node->text = strndup(p->at, n)))
				return no_memory(p);
			p->at += n;
			continue;
		}
		p->at++;
		rc = parse_braces(p);
		if (rc < 0)
			return rc;
	}
	return p->n_open > 0 ? wrong(p, "{range} without {end}") : 0;
}

int jsonpath_parse(const char *template, struct jsonpath **ret, struct err *e)
{
	struct parser p = {.begin = template, .at = template, .e = e};
	AUTO_JSONPATH struct jsonpath *jp = calloc(1, sizeof(*jp));
	size_t len_bytes = strlen(template);
	int rc;

	if (!jp)
		return err_set(e, -ENOMEM, "out of memory");
	if (len_bytes > JSONPATH_TEMPLATE_MAX)
		return err_set(e, -E2BIG, "an expression of %zu bytes is too long", len_bytes);
	if (!utf8_valid(template, len_bytes))
		return err_set(e, -EINVAL, "the expression is not UTF-8");
	p.jp = jp;
	rc = parse_template(&p);
	if (rc == 0)
		*ret = TAKE_PTR(jp);
	return rc;
}

void jsonpath_free(struct jsonpath *jp)
{
	if (!jp)
		return;
	for (size_t i = 0; i < jp->n_nodes; i++)
		free(jp->node[i].text);
	for (size_t i = 0; i < jp->n_steps; i++)
		step_done(&jp->step[i]);
	free(jp->node);
	free(jp->step);
	free(jp);
}
