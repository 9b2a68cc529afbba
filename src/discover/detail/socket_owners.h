/* SPDX-License-Identifier: MIT */
/* Which processes have which sockets open: one pass over /proc/PID/fd of all processes. */
#ifndef DETAIL_SOCKET_OWNERS_H
#define DETAIL_SOCKET_OWNERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/yield.h"
#include "discover/host/inode_map.h"
#include "discover/host/proc_table.h"

#define SOCKET_OWNERS_MAX 64      /* processes of one socket */
#define SOCKET_OWNERS_FDS 1048576 /* descriptors looked at in one pass */
#define SOCKET_OWNERS_ALL 262144  /* pairs of socket and process */

struct socket_owner {
	uint64_t inode;
	const struct process *proc; /* borrowed */
};

struct socket_owners {
	struct inode_map wanted; /* sockets whose owners are looked for */
	struct socket_owner *v;  /* owned; after the pass by inode, then pid */
	size_t n, cap, fds;
};

/* Look for owners of socket @inode (not 0) as well. Zero-initialise @o before the first. Returns 0
 * or -ENOMEM. */
int socket_owners_want(struct socket_owners *o, uint64_t inode);

/* Find the owners of all wanted sockets among @procs, by growing pid, with yield points. Does
 * nothing if none is wanted. What cannot be read, and what goes beyond the limits, is left out.
 * Returns 0 or -ENOMEM; free with socket_owners_done() in any case. */
int socket_owners_read(
	struct socket_owners *o, int procfd, const struct proc_table *procs, struct yield *yield);
void socket_owners_done(struct socket_owners *o);

/* The owners of @inode, each process once: their number, and the first of them in *ret, NULL
 * if there is none. */
size_t socket_owners_find(
	const struct socket_owners *o, uint64_t inode, const struct socket_owner **ret);

#endif
