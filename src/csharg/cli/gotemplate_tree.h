/* SPDX-License-Identifier: MIT */
/* The parsed form of a template: nodes in one array, linked by index. Index 0 is no node. */
#ifndef CSHARG_CLI_GOTEMPLATE_TREE_H
#define CSHARG_CLI_GOTEMPLATE_TREE_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "csharg/cli/gotemplate.h"

enum gonode_kind {
	GO_TEXT,     /* @text: literal */
	GO_PRINT,    /* @a: pipeline, whose value is printed */
	GO_SET,      /* @text: variable, @a: pipeline, @flag: declared here */
	GO_IF,       /* @a: pipeline, @b: body, @c: else */
	GO_WITH,     /* the same */
	GO_RANGE,    /* the same; @text: variables "$i,$v", "$v", or none */
	GO_PIPE,     /* @a: first command, linked by next */
	GO_COMMAND,  /* @a: first operand, linked by next */
	GO_CONSTANT, /* @value */
	GO_DOT,
	GO_VARIABLE, /* @text: name with its '$' */
	GO_FUNCTION, /* @text: name */
	GO_FIELD,    /* @a: operand, @text: name */
};

struct gonode {
	enum gonode_kind kind;
	uint32_t next, a, b, c; /* indices, 0 = none */
	uint32_t at;            /* byte of the template, for errors */
	bool flag;
	char *text;    /* owned, NULL = none */
	json_t *value; /* owned */
};

struct gotemplate {
	char *source; /* owned */
	struct gonode *node;
	size_t n, cap;
	uint32_t first; /* of the outermost list */
};

/* Set @e to @code with line and column of byte @at of @source before the words. Returns @code. */
int gotemplate_error(const char *source, uint32_t at, int code, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* A function of templates: its value is owned by the caller, NULL with @e filled on failure. @arg:
 * borrowed. */
struct gofunction {
	const char *name;
	size_t least, most; /* arguments; SIZE_MAX = any number */
	json_t *(*call)(json_t *const *arg, size_t n, struct err *e);
};

/* NULL when there is no function of this name. */
const struct gofunction *gofunction_find(const char *name);

#endif
