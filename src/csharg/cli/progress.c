/* SPDX-License-Identifier: MIT */
#include "csharg/cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "csharg/cli/amounts.h"
#include "csharg/cli/say.h"

#define ERASE "\r\033[K"

void progress_begin(struct progress *p, bool is_wanted, int64_t now_ms)
{
	*p = (struct progress){.is_terminal = is_wanted && isatty(STDERR_FILENO),
		.begun_ms = now_ms,
		.last_ms = now_ms};
}

int progress_timeout_ms(const struct progress *p, int64_t now_ms)
{
	int64_t left = p->last_ms + PROGRESS_EVERY_MS - now_ms;

	if (!p->is_terminal)
		return -1;
	return left > 0 ? (int) left : 0;
}

void progress_show(struct progress *p, const struct csharg_counters *c, int64_t now_ms)
{
	int64_t passed_ms = now_ms - p->last_ms;
	char bytes[32];

	if (!p->is_terminal || passed_ms < PROGRESS_EVERY_MS)
		return;
	(void) fprintf(stderr,
		ERASE "%" PRIu64 " packets, %s, %" PRIu64 " packets/s, %" PRIu64 " lost",
		c->packets, amounts_show_bytes(c->bytes, bytes, sizeof(bytes)),
		(c->packets - p->last_packets) * 1000 / (uint64_t) passed_ms, c->lost);
	p->last_ms = now_ms;
	p->last_packets = c->packets;
}

void progress_end(const struct progress *p, const struct csharg_counters *c, uint64_t files,
	const char *why, int64_t now_ms)
{
	char bytes[32], in_files[48] = "";

	if (p->is_terminal)
		(void) fputs(ERASE, stderr);
	if (files > 0)
		(void) snprintf(in_files, sizeof(in_files), " in %" PRIu64 " %s", files,
			files == 1 ? "file" : "files");
	say_info("captured %" PRIu64 " packets (%s)%s in %.1f s, %" PRIu64 " lost: %s", c->packets,
		amounts_show_bytes(c->bytes, bytes, sizeof(bytes)), in_files,
		(double) (now_ms - p->begun_ms) / 1000, c->lost, why);
}
