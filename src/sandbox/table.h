/* SPDX-License-Identifier: MIT */
/* What the role tables share: building a libseccomp filter from a list of system call names. */
#ifndef SANDBOX_TABLE_H
#define SANDBOX_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include <seccomp.h>

#include "base/err.h"

static inline void seccomp_release_p(scmp_filter_ctx *f)
{
	if (*f)
		seccomp_release(*f);
}

#define AUTO_FILTER __attribute__((cleanup(seccomp_release_p)))

/* Allow the @n system calls named in @names without looking at their arguments. Names that this
 * architecture does not have are passed over. Returns 0 or a negative errno. */
int table_allow(scmp_filter_ctx f, const char *const *names, size_t n, struct err *e);

/* Allow memory to be had, but never memory that can be executed. Returns 0 or a negative errno. */
int table_allow_memory(scmp_filter_ctx f);

/* Allow the process to read its own resource limits, but not to set them, and not those of other
 * processes (getrlimit(3) of glibc is prlimit64). Returns 0 or a negative errno. */
int table_allow_reading_limits(scmp_filter_ctx f);

/* Install @f for this process. Returns 0 or a negative errno. */
int table_load(scmp_filter_ctx f, struct err *e);

#endif
