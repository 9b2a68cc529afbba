/* SPDX-License-Identifier: MIT */
/* The PID namespaces in the /json document (contract 2.6.12). */
#ifndef DETAIL_PUT_PIDNS_H
#define DETAIL_PUT_PIDNS_H

#include "discover/container/container.h"
#include "discover/host/pidns_tree.h"
#include "discover/host/proc_table.h"
#include "base/text.h"

/* Append the member "pid-namespaces": trees of all namespaces of @tree, by inode, each with those
 * of @containers (in the order of their pids) whose process is a leader in it. Returns 0 or
 * -ENOMEM. */
int put_pid_namespaces(struct text *t, const struct pidns_tree *tree,
	const struct proc_table *procs, const struct container_list *containers);

#endif
