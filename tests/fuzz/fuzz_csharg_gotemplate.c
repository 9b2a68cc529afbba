/* SPDX-License-Identifier: MIT */
/* Laws: what is refused is refused with words; a template behind literal text makes that text and
 * then what it makes alone, the same each time; the document stays as it is. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "csharg/cli/document.h"
#include "csharg/cli/gotemplate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document[] =
	"[{\"name\":\"a\",\"type\":\"docker\",\"pid\":1,\"network-interfaces\":[\"lo\",\"eth0\"],"
	"\"cluster\":null},{\"name\":\"b\",\"type\":\"pod\",\"pid\":20,\"network-interfaces\":[],"
	"\"cluster\":{\"context\":\"x\",\"uid\":\"\"}}]";

static int run(const char *template, const json_t *root, struct text *out)
{
	AUTO_GOTEMPLATE struct gotemplate *t = NULL;
	struct err e = ERR_NONE;
	int rc = gotemplate_parse(template, &t, &e);

	if (rc == 0)
		rc = gotemplate_run(t, root, out, &e);
	assert(rc == 0 || (rc < 0 && e.text[0]));
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *template = malloc(size + 3);
	AUTO_TEXT struct text alone = {0}, behind = {0};
	AUTO_JSON json_t *root = json_loads(document, 0, NULL);
	AUTO_JSON json_t *before = json_deep_copy(root);
	int rc;

	if (!template || !root || !before)
		abort();
	if (size > 4096)
		return 0;
	memcpy(template, "x", 1);
	memcpy(template + 1, data, size);
	template[size + 1] = '\0';
	/* which an action with a trim mark would take away */
	if (strncmp(template + 1, "{{-", 3) == 0 || strspn(template + 1, " \t\r\n") > 0)
		return 0;
	rc = run(template + 1, root, &alone);
	assert(run(template, root, &behind) == rc);
	if (rc == 0) {
		assert(behind.len_bytes == alone.len_bytes + 1 && behind.p[0] == 'x');
		assert(alone.len_bytes == 0 || memcmp(behind.p + 1, alone.p, alone.len_bytes) == 0);
	}
	assert(json_equal(root, before));
	return 0;
}
