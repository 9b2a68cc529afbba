/* SPDX-License-Identifier: MIT */
/* Law: what was understood of a mountinfo line, written again as the kernel writes it, is
 * understood the same. */
#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mountinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As mangle() of the kernel's seq_file. */
static void escape(const char *s, char *ret)
{
	for (; *s; s++) {
		if (strchr(" \t\n\\", *s))
			ret += sprintf(ret, "\\%03o", (unsigned int) (unsigned char) *s);
		else
			*ret++ = *s;
	}
	*ret = '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char point[4 * MOUNTINFO_POINT_MAX], line[5 * MOUNTINFO_POINT_MAX];
	struct nsfs_mount m, again;
	char *text = strndup((const char *) data, size);

	if (mountinfo_parse(text, &m) == 1) {
		assert(m.netns != 0 && m.point[0] == '/');
		escape(m.point, point);
		(void) snprintf(line, sizeof(line),
			"%" PRIu32 " 1 0:4 net:[%" PRIu64 "] %s rw - nsfs nsfs rw\n", m.mount_id,
			m.netns, point);
		if (strlen(point) < MOUNTINFO_POINT_MAX) {
			assert(mountinfo_parse(line, &again) == 1);
			assert(again.netns == m.netns && again.mount_id == m.mount_id);
			assert(strcmp(again.point, m.point) == 0);
		}
	}
	free(text);
	return 0;
}
