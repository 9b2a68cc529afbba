/* SPDX-License-Identifier: MIT */
/* The formats of "list": -o FORMAT. */
#ifndef CSHARG_CLI_OUTPUT_H
#define CSHARG_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/text.h"
#include "csharg/csharg.h"

/* Longest file of --output jsonpath-file= and custom-columns-file=. */
#define OUTPUT_FILE_MAX 65536

struct output;

/* Understand @format (NULL or "" = the table); reads the file it names. @only_pods chooses the
 * headers of tables. Free @ret with output_free(). Errors: -EINVAL with words that name the
 * formats there are, or those of the file. */
int output_parse(const char *format, bool only_pods, struct output **ret, struct err *e);
void output_free(struct output *o);

static inline void output_free_p(struct output **o)
{
	output_free(*o);
}

#define AUTO_OUTPUT __attribute__((cleanup(output_free_p)))

/* What is printed, and how. */
struct output_list {
	const struct csharg_target *const *target;
	size_t n;
	const char *sort_by; /* sort_targets() */
	bool no_headers;
};

/* Put @list to @out. Errors: those of sort_targets() and jsonpath_run(), -ENOMEM. */
int output_put(
	const struct output *o, const struct output_list *list, struct text *out, struct err *e);

#endif
