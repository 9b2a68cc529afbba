/* SPDX-License-Identifier: MIT */
#include "csharg/cli/columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"

void columns_done(struct columns *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->column[i].header);
		jsonpath_free(c->column[i].cells);
	}
	c->n = 0;
}

int columns_relaxed_path(const char *path, struct jsonpath **ret, struct err *e)
{
	AUTO_TEXT struct text t = {0};
	size_t n;

	path += strspn(path, " \t");
	n = strlen(path);
	if (n > 1 && path[0] == '{' && path[n - 1] == '}') {
		path++;
		n -= 2;
	}
	if (n == 0)
		return err_set(e, -EINVAL, "an empty path");
	text_put(&t, "{");
	if (!memchr(".[$@", path[0], 4))
		text_put(&t, ".");
	text_put_bytes(&t, path, n);
	text_put_bytes(&t, "}", 2); /* with its NUL */
	if (t.failed)
		return err_set(e, -ENOMEM, "out of memory");
	return jsonpath_parse(t.p, ret, e);
}

/* Add a column; @header and @path are of these lengths. */
static int add(struct columns *c, const char *header, size_t header_len, const char *path_at,
	size_t path_len, struct err *e)
{
	AUTO_FREE char *name = strndup(header, header_len), *path = strndup(path_at, path_len);
	struct jsonpath *cells = NULL;
	int rc;

	if (!name || !path)
		return err_set(e, -ENOMEM, "out of memory");
	if (c->n == TABLE_COLUMNS_MAX)
		return err_set(e, -E2BIG, "more than %d columns", TABLE_COLUMNS_MAX);
	rc = columns_relaxed_path(path, &cells, e);
	if (rc < 0)
		return rc;
	c->column[c->n++] = (struct column){TAKE_PTR(name), cells};
	return 0;
}

int columns_parse(const char *spec, struct columns *ret, struct err *e)
{
	AUTO_COLUMNS struct columns c = {0};

	for (const char *at = spec;;) {
		size_t n = strcspn(at, ","), header_len = strcspn(at, ":,");
		int rc;

		if (at[header_len] != ':' || header_len == 0 || header_len + 1 == n)
			return err_set(e, -EINVAL,
				"unexpected custom-columns spec: \"%.*s\", expected "
				"HEADER:PATH",
				(int) (n > 200 ? 200 : n), at);
		rc = add(&c, at, header_len, at + header_len + 1, n - header_len - 1, e);
		if (rc < 0)
			return rc;
		if (!at[n])
			break;
		at += n + 1;
	}
	*ret = c;
	c.n = 0;
	return 0;
}

static size_t word(const char **at)
{
	*at += strspn(*at, " \t\r");
	return strcspn(*at, " \t\r\n");
}

int columns_parse_file(const char *text, struct columns *ret, struct err *e)
{
	AUTO_COLUMNS struct columns c = {0};
	const char *header = text, *path = strchr(text, '\n');
	size_t n, m;

	if (!path)
		return err_set(e, -EINVAL, "a line of headers and a line of paths are needed");
	for (path++;; header += n, path += m) {
		int rc;

		n = word(&header);
		m = word(&path);
		if (n == 0 && m == 0)
			break;
		if (n == 0 || m == 0)
			return err_set(e, -EINVAL, "as many headers as paths are needed");
		rc = add(&c, header, n, path, m, e);
		if (rc < 0)
			return rc;
	}
	if (c.n == 0)
		return err_set(e, -EINVAL, "there are no columns");
	*ret = c;
	c.n = 0;
	return 0;
}

static int add_row(struct table *t, const struct columns *c, const json_t *target, struct err *e)
{
	static const struct jsonpath_style style = {
		.go_lists = true, .separator = ",", .missing = "<none>"};

	for (size_t i = 0; i < c->n; i++) {
		AUTO_TEXT struct text cell = {0};
		int rc = jsonpath_run(c->column[i].cells, target, &style, &cell, e);

		if (rc < 0)
			return rc;
		if (table_add(t, cell.p ? cell.p : "", cell.len_bytes) < 0)
			return err_set(e, -ENOMEM, "out of memory");
	}
	return 0;
}

int columns_put(const struct columns *c, const json_t *targets, bool headers, struct text *out,
	struct err *e)
{
	AUTO_TABLE struct table t = {.n_columns = c->n};

	for (size_t i = 0; headers && i < c->n; i++) {
		if (table_add(&t, c->column[i].header, strlen(c->column[i].header)) < 0)
			return err_set(e, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < json_array_size(targets); i++) {
		int rc = add_row(&t, c, json_array_get(targets, i), e);

		if (rc < 0)
			return rc;
	}
	table_put(&t, out);
	return 0;
}
