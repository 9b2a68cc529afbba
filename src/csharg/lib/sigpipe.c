/* SPDX-License-Identifier: MIT */
#include "csharg/lib/sigpipe.h"

#include <errno.h>
#include <time.h>

static void only_sigpipe(sigset_t *set)
{
	(void) sigemptyset(set);
	(void) sigaddset(set, SIGPIPE);
}

static bool is_pending(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

void sigpipe_hold(struct sigpipe *s)
{
	sigset_t set;

	only_sigpipe(&set);
	s->was_pending = is_pending();
	(void) pthread_sigmask(SIG_BLOCK, &set, &s->before);
}

void sigpipe_release(const struct sigpipe *s)
{
	const struct timespec now = {0, 0};
	int saved = errno;
	sigset_t set;

	only_sigpipe(&set);
	if (!s->was_pending && is_pending())
		(void) sigtimedwait(&set, NULL, &now);
	(void) pthread_sigmask(SIG_SETMASK, &s->before, NULL);
	errno = saved;
}
