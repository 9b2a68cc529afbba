/* SPDX-License-Identifier: MIT */
/* What the document says about one tenant's process beyond the process table (contract 2.6.5): all
 * of it is read when asked for, and only believed if the process is still the same afterwards. */
#ifndef DETAIL_PROC_FACTS_H
#define DETAIL_PROC_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "discover/host/proc_cmdline.h"
#include "discover/host/proc_table.h"
#include "base/text.h"

#define PROC_FACTS_RANGES_MAX 64 /* ranges of CPUs; more are left out */

struct proc_facts {
	char argv[PROC_CMDLINE_MAX]; /* see proc_argv_read() */
	size_t argv_bytes;
	uint64_t pidns, utsns; /* nsfs inodes; 0 = not known */
	uint64_t capbnd;       /* 0 = not known */
	uint32_t cpus[PROC_FACTS_RANGES_MAX][2];
	size_t n_cpus;
	uint32_t policy;
	int32_t nice; /* of the policies that have it, else 0 */
};

/* Read everything about @p. @ret is all zero when the process has gone or another one has its pid.
 */
void proc_facts_read(int procfd, const struct process *p, struct proc_facts *ret);

/* Turn a bit mask of CPUs, @n_bytes long, lowest number first, into at most PROC_FACTS_RANGES_MAX
 * ranges. Returns their number. No I/O. */
size_t proc_facts_ranges(const unsigned char *mask, size_t n_bytes, uint32_t (*ret)[2]);

/* Append the members "capbnd", "affinity", "policy", "priority" and "nice"; those that are empty or
 * 0 are left out, but "capbnd". */
void proc_facts_put(struct text *t, const struct proc_facts *f);

#endif
