/* SPDX-License-Identifier: MIT */
/* A line on a terminal that tells how a capture goes, and the last one that sums it up. */
#ifndef CSHARG_CLI_PROGRESS_H
#define CSHARG_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "csharg/csharg.h"

#define PROGRESS_EVERY_MS 500

struct progress {
	bool is_terminal; /* of stderr, and wanted: otherwise there are no lines in between */
	int64_t begun_ms, last_ms;
	uint64_t last_packets;
};

/* @now_ms is a clock that never jumps, here and below. */
void progress_begin(struct progress *p, bool is_wanted, int64_t now_ms);

/* How long until the next line is due, -1 = never. */
int progress_timeout_ms(const struct progress *p, int64_t now_ms);

/* Show the line if it is due. */
void progress_show(struct progress *p, const struct csharg_counters *c, int64_t now_ms);

/* Sum up: packets, bytes, time, what was lost, the number of files if @files is not 0, and why it
 * ended. */
void progress_end(const struct progress *p, const struct csharg_counters *c, uint64_t files,
	const char *why, int64_t now_ms);

#endif
