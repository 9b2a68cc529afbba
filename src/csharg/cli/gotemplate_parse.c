/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/own.h"
#include "csharg/cli/gotemplate_tree.h"

#define WHITE " \t\r\n"

struct parser {
	struct gotemplate *t;
	const char *p;   /* inside an action: what comes next */
	const char *end; /* of the action, its trim mark excluded */
	unsigned int depth;
	struct err *e;
};

int gotemplate_error(const char *source, uint32_t at, int code, struct err *e, const char *fmt, ...)
{
	unsigned int line = 1, column = 1;
	char words[256];
	va_list args;

	for (uint32_t i = 0; i < at; i++) {
		column = source[i] == '\n' ? 1 : column + 1;
		line += source[i] == '\n';
	}
	va_start(args, fmt);
	(void) vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	return err_set(e, code, "template:%u:%u: %s", line, column, words);
}

void gotemplate_free(struct gotemplate *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++) {
		free(t->node[i].text);
		json_decref(t->node[i].value);
	}
	free(t->node);
	free(t->source);
	free(t);
}

static uint32_t offset(const struct parser *s)
{
	return (uint32_t) (s->p - s->t->source);
}

#define FAIL(s, ...) gotemplate_error((s)->t->source, offset(s), -EINVAL, (s)->e, __VA_ARGS__)

/* A new node in *@ret. */
static int add(struct parser *s, enum gonode_kind kind, uint32_t *ret)
{
	struct gotemplate *t = s->t;
	struct gonode *v;

	if (t->n >= GOTEMPLATE_NODES_MAX)
		return gotemplate_error(
			t->source, offset(s), -E2BIG, s->e, "the template is too complex");
	v = grow(t->node, t->n, &t->cap, sizeof(*v));
	if (!v)
		return err_set(s->e, -ENOMEM, "out of memory");
	t->node = v;
	v[t->n] = (struct gonode){.kind = kind, .at = offset(s)};
	*ret = (uint32_t) t->n++;
	return 0;
}

static int add_text(struct parser *s, enum gonode_kind kind, const char *p, size_t n, uint32_t *ret)
{
	int rc = add(s, kind, ret);

	if (rc < 0)
		return rc;
	s->t->node[*ret].text = strndup(p, n);
	return s->t->node[*ret].text ? 0 : err_set(s->e, -ENOMEM, "out of memory");
}

static int add_value(struct parser *s, json_t *value, uint32_t *ret)
{
	int rc = value ? add(s, GO_CONSTANT, ret) : err_set(s->e, -ENOMEM, "out of memory");

	if (rc < 0)
		json_decref(value);
	else
		s->t->node[*ret].value = value;
	return rc;
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char) c) || c == '_';
}

static bool is_white(char c)
{
	return c && strchr(WHITE, c);
}

static void skip_white(struct parser *s)
{
	while (s->p < s->end && is_white(*s->p))
		s->p++;
}

static size_t word_len(const struct parser *s)
{
	size_t n = 0;

	while (s->p + n < s->end && is_word_char(s->p[n]))
		n++;
	return n;
}

/* Move behind @word if it comes next and ends there. */
static bool take_word(struct parser *s, const char *word)
{
	size_t n = strlen(word);

	skip_white(s);
	if ((size_t) (s->end - s->p) < n || memcmp(s->p, word, n) != 0 ||
		(s->p + n < s->end && is_word_char(s->p[n]) && is_word_char(word[n - 1])))
		return false;
	s->p += n;
	return true;
}

/* ---- operands ---- */

static const struct {
	char letter, means;
} escapes[] = {{'n', '\n'}, {'t', '\t'}, {'r', '\r'}, {'"', '"'}, {'\\', '\\'}, {'\'', '\''}};

static int take_quoted(struct parser *s, uint32_t *ret)
{
	AUTO_TEXT struct text t = {0};

	for (s->p++; s->p < s->end && *s->p != '"'; s->p++) {
		size_t i = 0;

		if (*s->p == '\n')
			return FAIL(s, "a string is not ended");
		if (*s->p != '\\') {
			text_put_bytes(&t, s->p, 1);
			continue;
		}
		s->p++;
		while (i < ARRAY_LEN(escapes) && (s->p == s->end || escapes[i].letter != *s->p))
			i++;
		if (i == ARRAY_LEN(escapes))
			return FAIL(s, "an unknown escape in a string");
		text_put_bytes(&t, &escapes[i].means, 1);
	}
	if (s->p == s->end)
		return FAIL(s, "a string is not ended");
	s->p++;
	if (t.failed)
		return err_set(s->e, -ENOMEM, "out of memory");
	return add_value(s, json_stringn_nocheck(t.p ? t.p : "", t.len_bytes), ret);
}

static int take_raw(struct parser *s, uint32_t *ret)
{
	const char *stop = memchr(s->p + 1, '`', (size_t) (s->end - s->p - 1));
	const char *begin = s->p + 1;

	if (!stop)
		return FAIL(s, "a string is not ended");
	s->p = stop + 1;
	return add_value(s, json_stringn_nocheck(begin, (size_t) (stop - begin)), ret);
}

static int take_number(struct parser *s, uint32_t *ret)
{
	char text[40], *end;
	size_t n = 1;
	long long whole;
	double real;

	while (s->p + n < s->end && (is_word_char(s->p[n]) || s->p[n] == '.'))
		n++;
	if (n >= sizeof(text))
		return FAIL(s, "a number is too long");
	memcpy(text, s->p, n);
	text[n] = '\0';
	errno = 0;
	whole = strtoll(text, &end, 10);
	if (*end == '\0' && errno == 0) {
		s->p += n;
		return add_value(s, json_integer(whole), ret);
	}
	errno = 0;
	real = strtod(text, &end);
	/* hexadecimal, infinite and the like are no numbers here */
	if (*end || errno || strspn(text, "+-.0123456789eE") != n)
		return FAIL(s, "\"%s\" is not a number", text);
	s->p += n;
	return add_value(s, json_real(real), ret);
}

static int take_pipe(struct parser *s, uint32_t *ret);

static int take_group(struct parser *s, uint32_t *ret)
{
	int rc;

	if (++s->depth > GOTEMPLATE_DEPTH_MAX)
		return FAIL(s, "too many groups within each other");
	s->p++;
	rc = take_pipe(s, ret);
	if (rc < 0)
		return rc;
	skip_white(s);
	if (s->p == s->end || *s->p != ')')
		return FAIL(s, "a ')' is missing");
	s->p++;
	s->depth--;
	return 0;
}

static int take_name(struct parser *s, uint32_t *ret)
{
	size_t n = word_len(s);
	char name[16] = "";
	int rc;

	if (n == 0)
		return FAIL(s, "unexpected '%c'", *s->p);
	if (take_word(s, "true"))
		return add_value(s, json_true(), ret);
	if (take_word(s, "false"))
		return add_value(s, json_false(), ret);
	if (take_word(s, "nil"))
		return add_value(s, json_null(), ret);
	if (n < sizeof(name))
		memcpy(name, s->p, n);
	if (!gofunction_find(name))
		return FAIL(s, "there is no function \"%.*s\"", (int) (n < 50 ? n : 50), s->p);
	rc = add_text(s, GO_FUNCTION, s->p, n, ret);
	s->p += n;
	return rc;
}

static int take_variable(struct parser *s, uint32_t *ret)
{
	const char *begin = s->p++;
	size_t n = word_len(s);

	s->p += n;
	return add_text(s, GO_VARIABLE, begin, n + 1, ret);
}

/* ".a.b" behind the operand *@ret. */
static int take_fields(struct parser *s, uint32_t *ret)
{
	for (int i = 0; s->p < s->end && *s->p == '.'; i++) {
		uint32_t operand = *ret;
		size_t n;
		int rc;

		if (i == GOTEMPLATE_DEPTH_MAX)
			return FAIL(s, "too many members within each other");
		s->p++;
		n = word_len(s);
		if (n == 0)
			return FAIL(s, "a name is missing behind '.'");
		rc = add_text(s, GO_FIELD, s->p, n, ret);
		if (rc < 0)
			return rc;
		s->t->node[*ret].a = operand;
		s->p += n;
	}
	return 0;
}

static int take_operand(struct parser *s, uint32_t *ret)
{
	char c = *s->p;
	int rc;

	if (c == '"')
		return take_quoted(s, ret);
	if (c == '`')
		return take_raw(s, ret);
	if (isdigit((unsigned char) c) || c == '-' || c == '+')
		return take_number(s, ret);
	if (c == '(')
		rc = take_group(s, ret);
	else if (c == '$')
		rc = take_variable(s, ret);
	else if (c == '.')
		rc = add(s, GO_DOT, ret);
	else
		return take_name(s, ret);
	if (rc == 0 && c == '.') {
		/* "." alone, or the first dot of ".a" */
		if (s->p + 1 < s->end && is_word_char(s->p[1]))
			return take_fields(s, ret);
		s->p++;
		return 0;
	}
	return rc < 0 ? rc : take_fields(s, ret);
}

/* ---- pipelines ---- */

static int take_command(struct parser *s, uint32_t *ret)
{
	uint32_t last = 0, operand = 0;
	int rc = add(s, GO_COMMAND, ret);

	while (rc == 0) {
		skip_white(s);
		if (s->p == s->end || *s->p == '|' || *s->p == ')')
			break;
		if (last && !strchr(WHITE "(", s->p[-1]) && *s->p != '(')
			return FAIL(s, "a blank is missing");
		rc = take_operand(s, &operand);
		if (rc < 0)
			return rc;
		*(last ? &s->t->node[last].next : &s->t->node[*ret].a) = operand;
		if (last && s->t->node[s->t->node[*ret].a].kind != GO_FUNCTION)
			return FAIL(s, "what is no function has an argument");
		last = operand;
	}
	return rc < 0 || last ? rc : FAIL(s, "a value is missing");
}

static int take_pipe(struct parser *s, uint32_t *ret)
{
	uint32_t last = 0, command = 0;
	int rc = add(s, GO_PIPE, ret);

	while (rc == 0) {
		rc = take_command(s, &command);
		if (rc < 0)
			return rc;
		if (last && s->t->node[s->t->node[command].a].kind != GO_FUNCTION)
			return FAIL(s, "what is no function stands behind '|'");
		*(last ? &s->t->node[last].next : &s->t->node[*ret].a) = command;
		last = command;
		skip_white(s);
		if (s->p == s->end || *s->p != '|')
			break;
		s->p++;
	}
	return rc;
}

/* "$x :=" or "$x =" before a pipeline; sets *@ret_len to 0 and moves nothing if there is none.
 * With @pair "$i, $v :=" as well. */
static void look_for_assignment(
	struct parser *s, bool pair, const char **ret_names, size_t *ret_len, bool *ret_declares)
{
	const char *begin, *stop, *before = s->p;

	*ret_len = 0;
	skip_white(s);
	begin = stop = s->p;
	for (int i = 0; i < (pair ? 2 : 1) && s->p < s->end && *s->p == '$'; i++) {
		s->p++;
		s->p += word_len(s);
		stop = s->p;
		skip_white(s);
		if (i > 0 || !pair || s->p == s->end || *s->p != ',')
			break;
		s->p++;
		skip_white(s);
	}
	*ret_declares = take_word(s, ":=");
	if (stop - begin > 1 && (*ret_declares || (!pair && take_word(s, "=")))) {
		*ret_names = begin;
		*ret_len = (size_t) (stop - begin);
	} else {
		s->p = before;
	}
}

static int expect_end(struct parser *s)
{
	skip_white(s);
	return s->p == s->end ? 0 : FAIL(s, "unexpected '%c'", *s->p);
}

/* ---- lists of text and actions ---- */

/* What ended a list. */
enum stop {
	STOP_AT_END_OF_TEXT,
	STOP_AT_ELSE, /* s->p is behind the word */
	STOP_AT_END
};

/* The comment at s->p; *@ret_after: behind its action. */
static int skip_comment(struct parser *s, const char **ret_after)
{
	const char *stop = strstr(s->p + 2, "*/"), *p;
	bool trims;

	if (!stop)
		return FAIL(s, "a comment is not ended");
	p = stop + 2;
	p += strspn(p, WHITE);
	trims = *p == '-' && is_white(p[-1]);
	p += trims ? 1 : 0;
	if (strncmp(p, "}}", 2) != 0)
		return FAIL(s, "unexpected text behind a comment");
	*ret_after = p + 2;
	*ret_after += trims ? strspn(*ret_after, WHITE) : 0;
	return 1;
}

/* Find the action at @open ("{{"): its inside becomes s->p and s->end. *@ret_after: behind it,
 * white space trimmed if it says so. Returns 0, 1 for a comment, or a negative errno. */
static int enter_action(struct parser *s, const char *open, const char **ret_after)
{
	const char *p = open + 2;
	char quote = '\0';

	s->p = open;
	if (p[0] == '-' && is_white(p[1]))
		p++;
	if (strncmp(p + strspn(p, WHITE), "/*", 2) == 0) {
		s->p = p + strspn(p, WHITE);
		return skip_comment(s, ret_after);
	}
	s->p = p;
	for (; *p && (quote || strncmp(p, "}}", 2) != 0); p++) {
		if (quote == '"' && *p == '\\' && p[1])
			p++;
		else if (quote ? *p == quote : *p == '"' || *p == '`')
			quote = quote ? '\0' : *p;
	}
	if (!*p) {
		s->p = open;
		return FAIL(s, "an action is not ended: \"}}\" is missing");
	}
	*ret_after = p + 2;
	if (p - 1 > s->p && p[-1] == '-' && is_white(p[-2])) {
		p--;
		*ret_after += strspn(*ret_after, WHITE);
	}
	s->end = p;
	return 0;
}

static int parse_list(struct parser *s, const char **at, uint32_t *ret_first, enum stop *ret_stop);

/* The body of a block and what follows else. "else if" is a block of its own that shares the end.
 */
static int parse_block(struct parser *s, enum gonode_kind kind, const char **at, uint32_t *ret)
{
	const char *names = NULL;
	uint32_t pipe = 0, body = 0, other = 0;
	bool declares = false;
	enum stop stop = STOP_AT_END_OF_TEXT;
	size_t n;
	int rc;

	if (++s->depth > GOTEMPLATE_DEPTH_MAX)
		return FAIL(s, "too many blocks within each other");
	look_for_assignment(s, kind == GO_RANGE, &names, &n, &declares);
	if (n && !declares)
		return FAIL(s, "':=' is missing");
	rc = n ? add_text(s, kind, names, n, ret) : add(s, kind, ret);
	if (rc == 0)
		rc = take_pipe(s, &pipe);
	if (rc == 0)
		rc = expect_end(s);
	if (rc == 0)
		rc = parse_list(s, at, &body, &stop);
	if (rc < 0)
		return rc;
	if (stop == STOP_AT_ELSE && take_word(s, "if")) {
		rc = parse_block(s, GO_IF, at, &other);
	} else if (stop == STOP_AT_ELSE) {
		rc = expect_end(s);
		if (rc == 0)
			rc = parse_list(s, at, &other, &stop);
		if (rc == 0 && stop == STOP_AT_ELSE)
			return FAIL(s, "a second else");
	}
	if (rc < 0)
		return rc;
	if (stop == STOP_AT_END_OF_TEXT)
		return gotemplate_error(s->t->source, s->t->node[*ret].at, -EINVAL, s->e,
			"a block is not ended: {{end}} is missing");
	s->t->node[*ret].a = pipe;
	s->t->node[*ret].b = body;
	s->t->node[*ret].c = other;
	s->depth--;
	return 0;
}

static int parse_simple(struct parser *s, uint32_t *ret)
{
	const char *name = NULL;
	uint32_t pipe = 0;
	bool declares = false;
	size_t n;
	int rc;

	look_for_assignment(s, false, &name, &n, &declares);
	rc = n ? add_text(s, GO_SET, name, n, ret) : add(s, GO_PRINT, ret);
	if (rc == 0)
		rc = take_pipe(s, &pipe);
	if (rc == 0)
		rc = expect_end(s);
	if (rc < 0)
		return rc;
	s->t->node[*ret].a = pipe;
	s->t->node[*ret].flag = declares;
	return 0;
}

/* The action in s->p to s->end; *@ret = 0 for "else" and "end", which stop a list. */
static int parse_action(
	struct parser *s, const char **at, uint32_t *ret, enum stop *ret_stop, bool *ret_stops)
{
	*ret = 0;
	skip_white(s);
	if (s->p == s->end)
		return FAIL(s, "an action is empty");
	*ret_stops = true;
	*ret_stop = STOP_AT_END;
	if (take_word(s, "end"))
		return expect_end(s);
	*ret_stop = STOP_AT_ELSE;
	if (take_word(s, "else"))
		return 0;
	*ret_stops = false;
	if (take_word(s, "if"))
		return parse_block(s, GO_IF, at, ret);
	if (take_word(s, "with"))
		return parse_block(s, GO_WITH, at, ret);
	if (take_word(s, "range"))
		return parse_block(s, GO_RANGE, at, ret);
	return parse_simple(s, ret);
}

/* The text from @p to @open, trimmed at its end when the action wants that. */
static int put_literal(struct parser *s, const char *p, const char *open, uint32_t *ret)
{
	*ret = 0;
	if (open[0] && open[2] == '-' && is_white(open[3]))
		while (open > p && is_white(open[-1]))
			open--;
	s->p = p;
	return open > p ? add_text(s, GO_TEXT, p, (size_t) (open - p), ret) : 0;
}

/* Parse from *@at until the end of the text or of the block. *@at moves behind it. */
static int parse_list(struct parser *s, const char **at, uint32_t *ret_first, enum stop *ret_stop)
{
	uint32_t last = 0;

	for (;;) {
		const char *open = strstr(*at, "{{");
		uint32_t made[2] = {0, 0};
		bool stops = !open;
		int rc = put_literal(s, *at, open ? open : *at + strlen(*at), &made[0]);

		*ret_stop = STOP_AT_END_OF_TEXT;
		if (rc == 0 && open)
			rc = enter_action(s, open, at);
		if (rc == 0 && open)
			rc = parse_action(s, at, &made[1], ret_stop, &stops);
		if (rc < 0)
			return rc;
		for (int i = 0; i < 2; i++) {
			if (!made[i])
				continue;
			*(last ? &s->t->node[last].next : ret_first) = made[i];
			last = made[i];
		}
		if (stops)
			return 0;
	}
}

int gotemplate_parse(const char *text, struct gotemplate **ret, struct err *e)
{
	AUTO_GOTEMPLATE struct gotemplate *t = calloc(1, sizeof(*t));
	struct parser s = {.t = t, .e = e};
	const char *at;
	uint32_t none, first = 0;
	enum stop stop;
	int rc;

	if (strlen(text) > GOTEMPLATE_MAX)
		return err_set(e, -E2BIG, "the template is longer than %d bytes", GOTEMPLATE_MAX);
	if (t)
		t->source = strdup(text);
	if (!t || !t->source)
		return err_set(e, -ENOMEM, "out of memory");
	at = s.p = s.end = t->source;
	rc = add(&s, GO_TEXT, &none); /* index 0 */
	if (rc == 0)
		rc = parse_list(&s, &at, &first, &stop);
	if (rc == 0 && stop != STOP_AT_END_OF_TEXT)
		rc = FAIL(&s, "an end or else without a block");
	if (rc < 0)
		return rc;
	t->first = first;
	*ret = TAKE_PTR(t);
	return 0;
}
