/* SPDX-License-Identifier: MIT */
/* A subset of Go's text/template: text with {{actions}}, run on a JSON value.
 *
 *	{{.name}} {{.a.b}} {{.}} {{$}}		a member; the current value; the whole document
 *	{{"text"}} {{`text`}} {{12}} {{true}} {{nil}}	constants
 *	{{range P}}..{{else}}..{{end}}		once for each element, or for none
 *	{{range $i, $v := P}}			with index or key, and value
 *	{{if P}}..{{else if P}}..{{else}}..{{end}}	by whether P is empty
 *	{{with P}}..{{else}}..{{end}}		the same, and P is the current value
 *	{{$x := P}} {{$x = P}} {{$x}}		variables, known until the end of their block
 *	{{P | f a}}				P is the last argument of f
 *	{{(P).name}} {{f (g P)}}		groups
 *	{{- and -}}				trim the white space of the text beside them
 *	{{/ * comment * /}}			(without the blanks)
 *
 * Functions: and or not len index eq ne lt le gt ge print printf println, and join LIST SEPARATOR,
 * upper, lower, json. printf knows %s %d %v %q %x %f %g %t %% with flags, width and precision.
 * Names of members are those of the document, or spelled with other case and without dashes. A
 * member that is missing is "<no value>". Not there: define, template, block, break, continue,
 * methods, call, html, js, slice, urlquery.
 *
 * No I/O, no state. Limits: docs/limits.md. */
#ifndef CSHARG_CLI_GOTEMPLATE_H
#define CSHARG_CLI_GOTEMPLATE_H

#include <jansson.h>

#include "base/err.h"
#include "base/text.h"

#define GOTEMPLATE_MAX        65536 /* bytes of a template */
#define GOTEMPLATE_DEPTH_MAX  64    /* blocks, groups, members within each other */
#define GOTEMPLATE_NODES_MAX  65536
#define GOTEMPLATE_VARS_MAX   64       /* variables at one time */
#define GOTEMPLATE_WORK_MAX   16777216 /* nodes run by one gotemplate_run() */
#define GOTEMPLATE_OUTPUT_MAX 67108864 /* bytes put by one gotemplate_run(), and a value more */
#define GOTEMPLATE_WIDTH_MAX  1024     /* width and precision of printf */

struct gotemplate;

/* Parse @text. Free @ret with gotemplate_free(). Errors: -EINVAL with "LINE:COLUMN: " and what is
 * wrong there, -E2BIG beyond the limits, -ENOMEM. */
int gotemplate_parse(const char *text, struct gotemplate **ret, struct err *e);
void gotemplate_free(struct gotemplate *t);

static inline void gotemplate_free_p(struct gotemplate **t)
{
	gotemplate_free(*t);
}

#define AUTO_GOTEMPLATE __attribute__((cleanup(gotemplate_free_p)))

/* Put what the template makes of @root to @out. @root is not changed. Errors: -EINVAL with
 * "LINE:COLUMN: " for values that a function or action cannot take, -E2BIG beyond the limits,
 * -ENOMEM. */
int gotemplate_run(const struct gotemplate *t, const json_t *root, struct text *out, struct err *e);

#endif
