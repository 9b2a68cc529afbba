/* SPDX-License-Identifier: MIT */
#include "csharg/cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/own.h"
#include "csharg/cli/columns.h"
#include "csharg/cli/document.h"
#include "csharg/cli/gotemplate.h"
#include "csharg/cli/jsonpath.h"
#include "csharg/cli/sort.h"
#include "csharg/cli/put_yaml.h"

enum kind {
	OUTPUT_TABLE,
	OUTPUT_NAME,
	OUTPUT_JSON,
	OUTPUT_YAML,
	OUTPUT_JSONPATH,
	OUTPUT_TEMPLATE,
};

struct output {
	enum kind kind;
	struct columns columns;      /* OUTPUT_TABLE */
	struct jsonpath *jsonpath;   /* owned, OUTPUT_JSONPATH */
	struct gotemplate *template; /* owned, OUTPUT_TEMPLATE */
};

void output_free(struct output *o)
{
	if (!o)
		return;
	columns_done(&o->columns);
	jsonpath_free(o->jsonpath);
	gotemplate_free(o->template);
	free(o);
}

static int parse_table(struct output *o, bool wide, bool only_pods, struct err *e)
{
	static const char *const specs[2][2] = {
		{"TARGET:{.FullName},TYPE:{.Type},NODE:{.NodeName}", "POD:{.FullName}"},
		{"TARGET:{.FullName},TYPE:{.Type},NODE:{.NodeName},SERVICE:{.CaptureService}",
			"POD:{.FullName},NODE:{.NodeName}"},
	};

	return columns_parse(specs[wide][only_pods], &o->columns, e);
}

static int parse_jsonpath(struct output *o, const char *text, struct err *e)
{
	o->kind = OUTPUT_JSONPATH;
	return jsonpath_parse(text, &o->jsonpath, e);
}

static int parse_template(struct output *o, const char *text, struct err *e)
{
	o->kind = OUTPUT_TEMPLATE;
	return gotemplate_parse(text, &o->template, e);
}

static int parse_columns(struct output *o, const char *text, struct err *e)
{
	return columns_parse(text, &o->columns, e);
}

static int parse_columns_text(struct output *o, const char *text, struct err *e)
{
	return columns_parse_file(text, &o->columns, e);
}

/* Formats with a value behind "=": the value itself, or the file that it names. */
static const struct {
	const char *name;
	bool is_file;
	int (*parse)(struct output *o, const char *text, struct err *e);
} with_value[] = {
	{"jsonpath", false, parse_jsonpath},
	{"jsonpath-file", true, parse_jsonpath},
	{"go-template", false, parse_template},
	{"go-template-file", true, parse_template},
	{"custom-columns", false, parse_columns},
	{"custom-columns-file", true, parse_columns_text},
};

static int parse_with_value(struct output *o, const char *format, struct err *e)
{
	size_t n = strcspn(format, "=");
	char file[OUTPUT_FILE_MAX + 1];
	ssize_t rc;

	for (size_t i = 0; i < ARRAY_LEN(with_value); i++) {
		if (strlen(with_value[i].name) != n || memcmp(with_value[i].name, format, n) != 0)
			continue;
		if (!format[n] || !format[n + 1])
			return err_set(e, -EINVAL, "output format \"%s\" needs a value: %s=...",
				with_value[i].name, with_value[i].name);
		if (!with_value[i].is_file)
			return with_value[i].parse(o, format + n + 1, e);
		rc = io_read_file(AT_FDCWD, format + n + 1, file, sizeof(file));
		if (rc < 0)
			return err_sys(e, (int) rc, "cannot read \"%.300s\"", format + n + 1);
		return with_value[i].parse(o, file, e);
	}
	return err_set(e, -EINVAL,
		"unknown output format \"%.100s\", supported formats are: wide, name, json, yaml, "
		"jsonpath=..., jsonpath-file=..., go-template=..., go-template-file=..., "
		"custom-columns=..., custom-columns-file=...",
		format);
}

int output_parse(const char *format, bool only_pods, struct output **ret, struct err *e)
{
	AUTO_OUTPUT struct output *o = calloc(1, sizeof(*o));
	int rc = 0;

	if (!o)
		return err_set(e, -ENOMEM, "out of memory");
	if (!format || !*format)
		rc = parse_table(o, false, only_pods, e);
	else if (strcmp(format, "wide") == 0)
		rc = parse_table(o, true, only_pods, e);
	else if (strcmp(format, "name") == 0)
		o->kind = OUTPUT_NAME;
	else if (strcmp(format, "json") == 0)
		o->kind = OUTPUT_JSON;
	else if (strcmp(format, "yaml") == 0)
		o->kind = OUTPUT_YAML;
	else
		rc = parse_with_value(o, format, e);
	if (rc == 0)
		*ret = TAKE_PTR(o);
	return rc;
}

/* An array of what @make makes of the targets, in @order if there is one. NULL = no memory. */
static json_t *documents(const struct output_list *list, const size_t *order,
	json_t *(*make)(const struct csharg_target *) )
{
	AUTO_JSON json_t *all = json_array();

	for (size_t i = 0; all && i < list->n; i++) {
		if (json_array_append_new(all, make(list->target[order ? order[i] : i])) < 0)
			return NULL;
	}
	return TAKE_PTR(all);
}

static int put_json(const json_t *all, struct text *out)
{
	AUTO_FREE char *dump = json_dumps(all, JSON_INDENT(4));

	if (!dump)
		return -ENOMEM;
	text_put(out, dump);
	text_put(out, "\n");
	return 0;
}

static void put_names(const struct output_list *list, const size_t *order, struct text *out)
{
	for (size_t i = 0; i < list->n; i++) {
		text_put(out, list->target[order[i]]->name);
		text_put(out, "\n");
	}
}

static int put_sorted(const struct output *o, const struct output_list *list, const size_t *order,
	struct text *out, struct err *e)
{
	static const struct jsonpath_style style = {.separator = " "};
	bool plain = o->kind == OUTPUT_JSON || o->kind == OUTPUT_YAML;
	AUTO_JSON json_t *all = documents(list, order, plain ? document_plain : document_full);
	int rc = all ? 0 : -ENOMEM;

	if (rc < 0)
		return err_set(e, rc, "out of memory");
	switch (o->kind) {
	case OUTPUT_TABLE:
		return columns_put(&o->columns, all, !list->no_headers, out, e);
	case OUTPUT_NAME:
		put_names(list, order, out);
		break;
	case OUTPUT_JSON:
		rc = put_json(all, out);
		break;
	case OUTPUT_YAML:
		rc = put_yaml(all, out);
		break;
	case OUTPUT_JSONPATH:
		return jsonpath_run(o->jsonpath, all, &style, out, e);
	case OUTPUT_TEMPLATE:
		return gotemplate_run(o->template, all, out, e);
	}
	return rc < 0 || out->failed ? err_set(e, -ENOMEM, "out of memory") : 0;
}

int output_put(
	const struct output *o, const struct output_list *list, struct text *out, struct err *e)
{
	AUTO_JSON json_t *full = documents(list, NULL, document_full);
	AUTO_FREE size_t *order = calloc(list->n + 1, sizeof(*order));
	int rc;

	if (!full || !order)
		return err_set(e, -ENOMEM, "out of memory");
	rc = sort_targets(full, list->sort_by, order, e);
	return rc < 0 ? rc : put_sorted(o, list, order, out, e);
}
