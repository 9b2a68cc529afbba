/* SPDX-License-Identifier: MIT */
/* Trying one forbidden thing from inside a sandbox: a process of its own enters the sandbox, tries,
 * and is judged by how it ends. */
#ifndef SANDBOX_TRIAL_H
#define SANDBOX_TRIAL_H

#include <stddef.h>

#include "base/err.h"

/* One system call with its arguments. */
struct call {
	const char *name;
	long nr;
	long arg[6];
};

#define CALL(name, ...)                                                                            \
	{                                                                                          \
#name, SYS_##name,                                                                 \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

/* A pointer as an argument. */
#define AT(p) ((long) (p))

/* Enter a sandbox. Returns 0 or a negative errno with words in @e. */
typedef int (*enter_fn)(struct err *e);

enum trial_end {
	TRIAL_NOT_ENTERED = 100,
	TRIAL_SUCCEEDED, /* the call did not fail */
	TRIAL_KILLED,    /* by the system call filter */
	TRIAL_DIED,      /* in another way */
};

/* How the trial of @c ends: one of the above, or the positive errno of the call. */
int trial_of_call(enter_fn enter, const struct call *c);

/* The same for a function, which returns 0 when it succeeded, else a positive errno. */
typedef int (*deed_fn)(void);
int trial_of_deed(enter_fn enter, deed_fn deed);

/* Fail the running test unless each of the @n calls ends with @end. */
void trials_end(enter_fn enter, const struct call *calls, size_t n, int end);

#endif
