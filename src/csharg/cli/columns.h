/* SPDX-License-Identifier: MIT */
/* Columns of a table: headers, and where in a target their cells come from. No I/O. */
#ifndef CSHARG_CLI_COLUMNS_H
#define CSHARG_CLI_COLUMNS_H

#include <stddef.h>

#include <jansson.h>

#include "base/err.h"
#include "csharg/cli/jsonpath.h"
#include "csharg/cli/table.h"

struct column {
	char *header;           /* owned */
	struct jsonpath *cells; /* owned */
};

struct columns {
	size_t n;
	struct column column[TABLE_COLUMNS_MAX];
};

void columns_done(struct columns *c);

#define AUTO_COLUMNS __attribute__((cleanup(columns_done)))

/* Understand "HEADER:PATH,HEADER:PATH". A path is an expression with or without its braces and its
 * first dot. Errors: -EINVAL, -E2BIG for more than TABLE_COLUMNS_MAX. */
int columns_parse(const char *spec, struct columns *ret, struct err *e);

/* Understand the text of a file: a line of headers, a line of paths, blanks between them. */
int columns_parse_file(const char *text, struct columns *ret, struct err *e);

/* Put the table of all @targets (an array) to @out; what is missing is "<none>". */
int columns_put(const struct columns *c, const json_t *targets, bool headers, struct text *out,
	struct err *e);

/* An expression without its braces and its first dot becomes one with them: "Name", ".Name",
 * "{Name}" become "{.Name}". Errors: as jsonpath_parse(). */
int columns_relaxed_path(const char *path, struct jsonpath **ret, struct err *e);

#endif
