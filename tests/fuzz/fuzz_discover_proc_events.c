/* SPDX-License-Identifier: MIT */
/* Law: whatever the datagram, at most one process is told of, its number is positive, and a
 * datagram that was cut tells nothing else than the whole one. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/host/proc_events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
	int n;
	int32_t pid;
};

static void note(void *ctx, enum proc_event_kind kind, int32_t pid)
{
	struct told *t = ctx;

	assert(kind == PROC_EVENTS_READY ? pid == 0 : pid > 0);
	t->n++;
	t->pid = pid;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct told whole = {0, 0};
	int rc = proc_events_parse(data, size, note, &whole);

	assert(whole.n <= 1 && (rc == 0 || whole.n == 0));
	for (size_t n = 0; n < size && n < 128; n++) {
		struct told cut = {0, 0};

		(void) proc_events_parse(data, n, note, &cut);
		assert(cut.n == 0 || (cut.n == whole.n && cut.pid == whole.pid));
	}
	return 0;
}
