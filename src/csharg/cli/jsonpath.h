/* SPDX-License-Identifier: MIT */
/* JSONPath templates as kubectl has them: text with {expressions}.
 *
 *	{.name}  {$.name}  {@.name}  {['node-name']}	a member; $ is the whole document
 *	{[0]}  {[-1]}  {[1:3]}  {[::2]}			elements
 *	{[*]}  {.*}					all elements or members
 *	{..name}					at any depth
 *	{[?(@.type=="docker")]}				elements for which == != < <= > >= holds,
 *							or in which the path leads somewhere
 *	{range [*]}...{end}				once for each
 *	{"text"}  {'\n'}				text with the escapes of C
 *
 * Names of members are those of the document, or spelled with other case and without dashes
 * ("NodeName" for "node-name"). No I/O, no state. Limits: docs/limits.md. */
#ifndef CSHARG_CLI_JSONPATH_H
#define CSHARG_CLI_JSONPATH_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/err.h"
#include "base/text.h"

#define JSONPATH_TEMPLATE_MAX 65536    /* bytes */
#define JSONPATH_DEPTH_MAX    16       /* ranges and filters within each other */
#define JSONPATH_VALUES_MAX   1048576  /* values of one expression */
#define JSONPATH_WORK_MAX     16777216 /* values looked at by one jsonpath_run() */
#define JSONPATH_OUTPUT_MAX   67108864 /* bytes put by one jsonpath_run(), and a value more */

struct jsonpath;

/* Understand @template. Free @ret with jsonpath_free(). Errors: -EINVAL with what is wrong and
 * where, -E2BIG beyond the limits, -ENOMEM. */
int jsonpath_parse(const char *template, struct jsonpath **ret, struct err *e);
void jsonpath_free(struct jsonpath *jp);

static inline void jsonpath_free_p(struct jsonpath **jp)
{
	jsonpath_free(*jp);
}

#define AUTO_JSONPATH __attribute__((cleanup(jsonpath_free_p)))

struct jsonpath_style {
	const char *separator; /* between several values of one expression */
	const char *missing;   /* shown for what is not there or null; NULL: members and elements
				* that are not there are errors, null shows nothing */
	bool go_lists;         /* lists as "[lo eth0]" instead of as JSON */
};

/* Put what the template says about @root to @out, lists and objects as JSON. @root is not changed.
 * Errors: -ENOENT for what is not there, -E2BIG beyond the limits, -ENOMEM. */
int jsonpath_run(const struct jsonpath *jp, const json_t *root, const struct jsonpath_style *style,
	struct text *out, struct err *e);

#endif
