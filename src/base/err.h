/* SPDX-License-Identifier: MIT */
/* What a person will read about a failure: filled once, where the cause is known, carried on the
 * caller's stack. Functions return negative errno values; a struct err adds the words. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

#define ERR_TEXT_MAX 512

struct err {
	int code;                /* negative errno, 0 = nothing set */
	char text[ERR_TEXT_MAX]; /* UTF-8, NUL-terminated, no newline */
};

#define ERR_NONE                                                                                   \
	{                                                                                          \
		0, ""                                                                              \
	}

/* Set @e (may be NULL) to @code and the formatted text, cut to fit. Returns @code, so that callers
 * can write `return err_set(e, -EINVAL, ...)`. @code must be negative. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set(), with ": " and the system's words for @code appended. */
int err_sys(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
