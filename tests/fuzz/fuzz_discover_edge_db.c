/* SPDX-License-Identifier: MIT */
/* Laws of what is read of a container's database, whatever it holds: it ends with a result or one
 * of the errors promised; texts are safe to show, lists keep their limits, no project occurs twice,
 * and icons have a path of two plain parts. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "discover/edge/edge_db.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *s)
{
	assert(strlen(s) < EDGE_TEXT_MAX && utf8_valid(s, strlen(s)));
	for (; *s; s++)
		assert((unsigned char) *s >= 0x20 && *s != 0x7f);
}

static void check_app(const struct edge_app *a)
{
	const char *slash = strchr(a->icon, '/');

	check_text(a->project);
	check_text(a->title);
	check_text(a->icon);
	assert(a->project[0] != '\0');
	if (a->icon[0])
		assert(slash && slash != a->icon && slash[1] && !strchr(slash + 1, '/') &&
			strcmp(slash + 1, "..") != 0 && strncmp(a->icon, "../", 3) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *copy = malloc(size + 1);
	struct edge_db d = {.apps = NULL};
	int rc;

	memcpy(copy, data, size);
	rc = edge_db_read(copy, size, &d);
	assert(rc == 0 || rc == -EBADMSG || rc == -ENOMEM);
	check_text(d.device_name);
	check_text(d.developer_mode);
	assert(d.n_apps <= EDGE_APPS_MAX);
	for (size_t i = 0; i < d.n_apps; i++) {
		check_app(&d.apps[i]);
		assert(i == 0 || strcmp(d.apps[i - 1].project, d.apps[i].project) < 0);
	}
	edge_db_done(&d);
	free(copy);
	return 0;
}
