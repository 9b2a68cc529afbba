/* SPDX-License-Identifier: MIT */
/* The PID namespaces of all processes and which one lies in which (pid_namespaces(7)). */
#ifndef DISCOVER_PIDNS_TREE_H
#define DISCOVER_PIDNS_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/yield.h"
#include "discover/host/proc_table.h"

#define PIDNS_NONE UINT32_MAX

struct pidns {
	uint64_t inode;
	uint64_t parent_inode; /* 0 = none, or not to be seen from our namespace */
	/* indexes in pidns_tree.v; PIDNS_NONE = none */
	uint32_t parent, first_child, next_sibling;
};

struct pidns_tree {
	struct pidns *v; /* owned; by inode, as are children of one parent */
	size_t n, cap;
	uint64_t *of_process; /* owned; by index in the process table; 0 = cannot be read */
};

/* Read the PID namespace of each process in @procs, and ask the kernel for the parent of each
 * namespace, with yield points. Returns 0 or -ENOMEM; free with pidns_tree_done(). */
int pidns_tree_read(
	int procfd, const struct proc_table *procs, struct yield *yield, struct pidns_tree *ret);
void pidns_tree_done(struct pidns_tree *t);

/* Sort t->v and link it up: what pidns_tree_read() does with what it has read. No I/O. A parent
 * that is not in @t counts as none. */
void pidns_tree_link(struct pidns_tree *t);

#endif
