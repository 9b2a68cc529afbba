/* SPDX-License-Identifier: MIT */
/* Laws: a container found in cgroup paths has a type, an id and a name that are safe to show; a
 * name is its id or the first 12 digits of it; lines that name no container change nothing. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "discover/host/cgroup_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_safe(const char *s)
{
	assert(s[0] != '\0' && strlen(s) < CGROUP_ID_MAX && utf8_valid(s, strlen(s)));
	for (; *s; s++)
		assert((unsigned char) *s >= 0x20 && *s != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char nothing[] = "1:cpu:/user.slice\n";
	struct cgroup_name r, again;
	char *text = strndup((const char *) data, size);
	char *more = malloc(size + sizeof(nothing));

	if (cgroup_name_parse(text, &r) == 1) {
		check_safe(r.id);
		check_safe(r.name);
		assert(strncmp(r.id, r.name, strlen(r.name)) == 0);
		assert(strlen(r.name) == strlen(r.id) || strlen(r.name) == 12);
		(void) sprintf(more, "%s%s", nothing, text);
		assert(cgroup_name_parse(more, &again) == 1);
		assert(again.type == r.type && strcmp(again.id, r.id) == 0);
	}
	free(more);
	free(text);
	return 0;
}
