/* SPDX-License-Identifier: MIT */
/* What the broker cannot do, or see, where it was started: found once, at the start, written to the
 * log, and passed to the service, which shows it to clients. */
#ifndef BROKER_WARNINGS_H
#define BROKER_WARNINGS_H

#include <stddef.h>

#define WARNINGS_MAX     8
#define WARNING_BYTES    384 /* of a text, with its NUL */
#define WARNING_KIND_MAX 32  /* of a kind, with its NUL */

struct warning {
	char kind[WARNING_KIND_MAX]; /* for programs: lower-case letters and hyphens */
	char text[WARNING_BYTES];    /* for people: what does not work, and what helps */
};

/* Zero-initialise. */
struct warnings {
	size_t n;
	struct warning v[WARNINGS_MAX];
};

/* Add one, cut to fit, and write it to the log. More than WARNINGS_MAX are only written. */
void warnings_add(struct warnings *w, const char *kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
