/* SPDX-License-Identifier: MIT */
/* A capture from its start to its end, in the foreground. */
#ifndef CSHARG_CLI_PUMP_H
#define CSHARG_CLI_PUMP_H

#include <stdbool.h>

#include "base/err.h"
#include "csharg/csharg.h"
#include "csharg/cli/rotate.h"

struct pump {
	struct csharg_client *client;
	const struct csharg_target *target;
	const struct csharg_capture_options *options;
	int fd;                /* where packets go, ... */
	struct rotate *rotate; /* ... unless this is not NULL */
	bool is_quiet;         /* nothing on stderr */
	/* a line on the terminal while it runs: not when another program reads the packets, which
	 * may print on the same terminal */
	bool shows_progress;
};

/* Capture until the stream ends, or SIGINT or SIGTERM comes: the first one ends it gracefully, the
 * second one at once. Shows a summary on stderr. Both signals stay blocked.
 * Returns 0 after a normal end, a signal, or when the reader of the packets has left, else a
 * negative errno with the reason. */
int pump_run(const struct pump *pump, struct err *e);

#endif
