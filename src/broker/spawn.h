/* SPDX-License-Identifier: MIT */
/* Starting our other executables with exactly the descriptors and capabilities meant for them. */
#ifndef BROKER_SPAWN_H
#define BROKER_SPAWN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define SPAWN_FIRST_FD 3
#define SPAWN_FDS_MAX  32

struct spawn {
	const char
		*program;  /* name of the executable beside our own, or in the libexec directory */
	char *const *argv; /* NULL-terminated, argv[0] included */
	const int *fds;    /* borrowed; they become SPAWN_FIRST_FD, SPAWN_FIRST_FD + 1, ... */
	size_t n_fds;
	uint64_t caps; /* bit per capability the child starts with; it drops what it can itself */
};

/* Make sure that all our programs can be found. Returns 0 or -ENOENT with words in @e. */
int spawn_check(struct err *e);

/* Start the program; it is killed when the broker ends. Returns its pid, or a negative errno with
 * words in @e (the executable itself missing shows as exit status 127 later). */
pid_t spawn_program(const struct spawn *s, struct err *e);

#endif
