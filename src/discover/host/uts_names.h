/* SPDX-License-Identifier: MIT */
/* The host names of all UTS namespaces that processes of interest live in. The kernel tells a host
 * name to members of its namespace alone: those of other namespaces than ours are asked of the
 * broker, each once in a scan, several in a message, a few messages under way at any time. */
#ifndef DISCOVER_UTS_NAMES_H
#define DISCOVER_UTS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/host/inode_map.h"
#include "discover/host/proc_table.h"
#include "proto/broker.h"

#define UTS_NAMES_WINDOW 8 /* messages under way at once */

struct uts_name {
	uint64_t inode; /* of the namespace */
	uint32_t pid;   /* of a process in it */
	uint64_t starttime_ticks;
	char name[MSG_UTS_NAME_BYTES]; /* clean UTF-8; "" = not known */
};

struct uts_names {
	int broker;       /* borrowed */
	uint32_t next_id; /* never 0 */
	uint64_t own;     /* our namespace */
	char own_name[MSG_UTS_NAME_BYTES];
	struct uts_name *v; /* owned; those to ask for */
	size_t n, cap;
	struct inode_map index; /* inode -> index in v */
	size_t next;            /* first one not asked for yet */
	struct uts_slot {
		uint32_t id; /* 0 = free */
		size_t first, n;
	} slots[UTS_NAMES_WINDOW];
	size_t in_flight;
};

/* Zeroed is as good as stopped. Begin a run: ask for the namespaces of all processes in @procs that
 * are leaders of a network namespace or may be a container's first. @broker is borrowed until
 * uts_names_stop(). Returns 0, -ENOMEM, or -EPIPE or another negative errno when the broker is
 * gone. */
int uts_names_start(struct uts_names *u, int procfd, int broker, const struct proc_table *procs);

/* Handle an answer (MSG_UTS_NAMES_TOLD) and ask further. Answers to requests of an earlier run are
 * dropped. Errors of uts_names_start(). */
int uts_names_answer(struct uts_names *u, const struct msg *m);

/* True when nothing is left to ask and nothing is under way. */
bool uts_names_finished(const struct uts_names *u);

/* The host name in the namespace with this inode, "" if it is not known. Borrowed until the next
 * run. */
const char *uts_names_get(const struct uts_names *u, uint64_t inode);

/* Ask no more: what is not known yet stays so. */
void uts_names_give_up(struct uts_names *u);

/* Forget the run. */
void uts_names_stop(struct uts_names *u);

#endif
