/* SPDX-License-Identifier: MIT */
/* What a document says about the owner of a socket, read once for each process. */
#ifndef DETAIL_OWNER_LINES_H
#define DETAIL_OWNER_LINES_H

#include "discover/host/proc_table.h"

struct owner_lines {
	int procfd;                     /* borrowed */
	const struct proc_table *procs; /* borrowed */
	char **v; /* owned; command lines by index in procs->v, NULL = not read */
};

/* Returns 0 or -ENOMEM; free with owner_lines_done(). */
int owner_lines_init(struct owner_lines *l, int procfd, const struct proc_table *procs);
void owner_lines_done(struct owner_lines *l);

/* The command line of @p, which is in the table; "" if there is none. Borrowed. */
const char *owner_lines_get(struct owner_lines *l, const struct process *p);

/* The nearest leader of a network namespace among @p and its ancestors, NULL if there is none. */
const struct process *owner_leader(const struct proc_table *procs, const struct process *p);

#endif
