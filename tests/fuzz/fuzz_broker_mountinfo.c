/* SPDX-License-Identifier: MIT */
/* Laws: a mount point that is found ends inside its buffer and is not longer than the line; with
 * one byte less room it is refused. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "broker/mountinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = strndup((const char *) data, size);
	char path[4096], less[4096];
	uint32_t id;

	assert(line);
	id = (uint32_t) strtoul(line, NULL, 10);
	if (mountinfo_match(line, id, path, sizeof(path)) == 1) {
		size_t n = strlen(path);

		assert(n <= strlen(line));
		assert(n == 0 || mountinfo_match(line, id, less, n) == -EBADMSG);
		assert(mountinfo_match(line, id + 1, less, sizeof(less)) == 0);
	}
	free(line);
	return 0;
}
