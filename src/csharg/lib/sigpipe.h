/* SPDX-License-Identifier: MIT */
/* Writing to a connection or pipe whose reader has left without raising SIGPIPE, and without
 * touching the process's handling of it: held back in this thread only. */
#ifndef CSHARG_SIGPIPE_H
#define CSHARG_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct sigpipe {
	sigset_t before;
	bool was_pending;
};

/* Begin. Every path from here must reach sigpipe_release(), in the same thread. */
void sigpipe_hold(struct sigpipe *s);

/* End: take back what was raised in between. errno is kept. */
void sigpipe_release(const struct sigpipe *s);

#endif
