/* SPDX-License-Identifier: MIT */
/* Linked into every program of the build with sanitizers: what its runtime would ask for that no
 * sandbox allows. Options stand here as the environment does not reach the sandboxed programs. The
 * leak detector would stop the process and look into it. */
#include <signal.h>
#include <string.h>

const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0:use_sigaltstack=0";
}

/* Asked at every longjmp(3), of which libpcap makes some: no program of ours has such a stack. */
int sigaltstack(const stack_t *restrict new_stack, stack_t *restrict ret_old)
{
	(void) new_stack;
	if (ret_old) {
		memset(ret_old, 0, sizeof(*ret_old));
		ret_old->ss_flags = SS_DISABLE;
	}
	return 0;
}
