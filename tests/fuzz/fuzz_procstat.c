/* SPDX-License-Identifier: MIT */
/* Law: whatever a process calls itself, its parent and its start time are read right. */
#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/procstat.h"
#include "support/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void any_line_is_safe(const uint8_t *data, size_t size)
{
	char *line = strndup((const char *) data, size);
	struct procstat st;

	assert(line);
	if (procstat_parse(line, &st) == 0)
		assert(memchr(st.comm, '\0', sizeof(st.comm)));
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	int32_t ppid = (int32_t) (input_number(&in, 4) & INT32_MAX);
	uint64_t start = input_number(&in, 8);
	char *comm = input_text(&in, 40);
	char line[512];
	struct procstat st;

	(void) snprintf(line, sizeof(line),
		"1 (%s) S %" PRId32 " 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %" PRIu64 " 0 0", comm,
		ppid, start);
	assert(procstat_parse(line, &st) == 0);
	assert(st.ppid == ppid && st.starttime_ticks == start && strcmp(st.comm, comm) == 0);
	free(comm);
	any_line_is_safe(data, size);
	return 0;
}
