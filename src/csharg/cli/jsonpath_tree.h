/* SPDX-License-Identifier: MIT */
/* What a JSONPath template has become: shared by its parser and its evaluation only. */
#ifndef CSHARG_CLI_JSONPATH_TREE_H
#define CSHARG_CLI_JSONPATH_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

enum step_kind {
	STEP_NAME,
	STEP_ALL,
	STEP_INDEX,
	STEP_SLICE,
	STEP_DEEP, /* the value and everything in it */
	STEP_FILTER,
};

enum compare {
	COMPARE_EXISTS,
	COMPARE_EQ,
	COMPARE_NE,
	COMPARE_LT,
	COMPARE_LE,
	COMPARE_GT,
	COMPARE_GE,
};

struct path {
	bool from_root;
	size_t first, n; /* of the steps */
};

/* One side of a filter. */
struct operand {
	json_t *literal; /* owned, NULL = @path */
	struct path path;
};

struct step {
	enum step_kind kind;
	char *name;        /* owned, STEP_NAME */
	long from, to, by; /* STEP_INDEX: from. STEP_SLICE */
	bool has_from, has_to;
	enum compare compare; /* STEP_FILTER */
	struct operand left, right;
};

enum node_kind {
	NODE_TEXT,
	NODE_PATH,
	NODE_RANGE,
	NODE_END,
};

struct node {
	enum node_kind kind;
	char *text; /* owned, NODE_TEXT */
	struct path path;
	size_t end; /* NODE_RANGE: index of its NODE_END */
};

struct jsonpath {
	struct node *node; /* owned */
	size_t n_nodes, cap_nodes;
	struct step *step; /* owned; those of one path stand together */
	size_t n_steps, cap_steps;
};

#endif
