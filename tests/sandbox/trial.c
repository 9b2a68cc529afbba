/* SPDX-License-Identifier: MIT */
#include "sandbox/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int end_of(pid_t pid)
{
	int status = 0;

	if (waitpid(pid, &status, 0) != pid)
		return TRIAL_DIED;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? TRIAL_KILLED : TRIAL_DIED;
	return WEXITSTATUS(status);
}

static void enter_or_exit(enter_fn enter)
{
	const struct rlimit no_core = {0, 0};
	struct err e = ERR_NONE;

	(void) setrlimit(RLIMIT_CORE, &no_core);
	if (enter(&e) == 0)
		return;
	fprintf(stderr, "the sandbox was not entered: %s\n", e.text);
	_exit(TRIAL_NOT_ENTERED);
}

int trial_of_call(enter_fn enter, const struct call *c)
{
	pid_t pid = fork();
	long rc;

	if (pid == 0) {
		enter_or_exit(enter);
		rc = syscall(
			c->nr, c->arg[0], c->arg[1], c->arg[2], c->arg[3], c->arg[4], c->arg[5]);
		_exit(rc < 0 ? errno : TRIAL_SUCCEEDED);
	}
	return end_of(pid);
}

int trial_of_deed(enter_fn enter, deed_fn deed)
{
	pid_t pid = fork();
	int rc;

	if (pid == 0) {
		enter_or_exit(enter);
		rc = deed();
		_exit(rc ? rc : TRIAL_SUCCEEDED);
	}
	return end_of(pid);
}

void trials_end(enter_fn enter, const struct call *calls, size_t n, int end)
{
	int wrong = 0;

	for (size_t i = 0; i < n; i++) {
		int found = trial_of_call(enter, &calls[i]);

		if (found != end) {
			print_error("%s (%ld, %ld, %ld): ended with %d instead of %d\n",
				calls[i].name, calls[i].arg[0], calls[i].arg[1], calls[i].arg[2],
				found, end);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}
