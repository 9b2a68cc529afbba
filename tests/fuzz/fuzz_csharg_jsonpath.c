/* SPDX-License-Identifier: MIT */
/* Laws: what is refused is refused with words; a template behind literal text says that text and
 * then what it says alone, the same each time; the document stays as it is; columns that were
 * understood make whole rows. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/own.h"
#include "csharg/cli/columns.h"
#include "csharg/cli/jsonpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document[] =
	"[{\"name\":\"a\",\"type\":\"docker\",\"pid\":1,\"network-interfaces\":[\"lo\",\"eth0\"],"
	"\"cluster\":null},{\"name\":\"b\",\"type\":\"pod\",\"pid\":20,\"network-interfaces\":[],"
	"\"cluster\":{\"context\":\"x\",\"uid\":\"\"}}]";

static int run(const char *template, const json_t *root, struct text *out)
{
	static const struct jsonpath_style styles[] = {{.separator = " "}, {",", "<none>"}};
	AUTO_JSONPATH struct jsonpath *jp = NULL;
	struct err e = ERR_NONE;
	int rc = jsonpath_parse(template, &jp, &e);

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(styles); i++)
		rc = jsonpath_run(jp, root, &styles[i], out, &e);
	assert(rc == 0 || (rc < 0 && e.text[0]));
	return rc;
}

static void check_columns(const char *spec, const json_t *root)
{
	AUTO_COLUMNS struct columns c = {0};
	AUTO_TEXT struct text out = {0};
	struct err e = ERR_NONE;

	if (columns_parse(spec, &c, &e) < 0) {
		assert(e.text[0]);
		return;
	}
	assert(c.n > 0);
	if (columns_put(&c, root, true, &out, &e) == 0)
		assert(out.len_bytes > 0 && out.p[out.len_bytes - 1] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *template = malloc(size + 3);
	AUTO_TEXT struct text alone = {0}, behind = {0};
	json_t *root = json_loads(document, 0, NULL), *before = json_deep_copy(root);
	int rc;

	if (!template || !root || !before || size > 4096)
		abort();
	memcpy(template, "x", 1);
	memcpy(template + 1, data, size);
	template[size + 1] = '\0';
	rc = run(template + 1, root, &alone);
	assert(run(template, root, &behind) == rc);
	/* both styles: the text stands before each half */
	if (rc == 0)
		assert(behind.len_bytes == alone.len_bytes + 2 && behind.p[0] == 'x');
	assert(json_equal(root, before));
	check_columns(template + 1, root);
	json_decref(root);
	json_decref(before);
	return 0;
}
