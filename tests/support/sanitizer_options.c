/* SPDX-License-Identifier: MIT */
/* Linked into every program of the build with sanitizers, as the environment does not reach the
 * sandboxed ones. No sandbox lets a process stop and look into itself as the leak detector does, or
 * set up signal stacks for its threads. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0:use_sigaltstack=0";
}
