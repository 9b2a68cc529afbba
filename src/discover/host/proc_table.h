/* SPDX-License-Identifier: MIT */
/* All processes at one moment, with the namespaces that matter to discovery. Threads are not
 * looked at. Processes that end while they are read are simply not there. */
#ifndef DISCOVER_PROC_TABLE_H
#define DISCOVER_PROC_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/procstat.h"
#include "base/yield.h"
#include "discover/host/id_set.h"

struct process {
	int32_t pid, ppid;
	uint64_t starttime_ticks;
	uint64_t netns, mntns; /* nsfs inodes; 0 = cannot be read, as of zombies */
	bool ours;             /* the broker or one of its helpers */
	bool is_fresh;         /* read for this table, not taken over from the one before */
	char comm[PROCSTAT_COMM_MAX];
	/* The name of its program, if it was started through /proc/self/exe, which makes @comm
	 * "exe"; else "". */
	char program[PROCSTAT_COMM_MAX];
};

#define PROC_NAME_MAX (PROCSTAT_COMM_MAX + 16)

/* The name of @p for people: "COMM(PID)" or "PROGRAM(PID)", in clean UTF-8. */
void proc_name(const struct process *p, char ret[PROC_NAME_MAX]);

struct proc_table {
	struct process *v; /* owned, by growing pid */
	size_t n;
	const struct process **by_age; /* owned: the same, by start time, then pid */
};

/* Who we are, to tell our own processes from others. The broker enters namespaces for moments and
 * its readers hold sockets of others; neither says where they belong, so ours are taken to be in
 * @netns. */
struct proc_self {
	int32_t pid, broker_pid;
	uint64_t netns, mntns; /* of this process, which never changes them */
};

/* Read all processes of @procfd, a directory descriptor of a proc file system, with yield points.
 * Returns 0, or a negative errno when /proc itself cannot be read or there is no memory. Free with
 * proc_table_done(). */
int proc_table_read(
	int procfd, const struct proc_self *self, struct yield *yield, struct proc_table *ret);
void proc_table_done(struct proc_table *t);

/* As proc_table_read(), but read only the processes of @changed (sorted), and take the others over
 * from @old. */
int proc_table_update(int procfd, const struct proc_self *self, const struct proc_table *old,
	const struct id_set *changed, struct proc_table *ret);

/* Read one process. Returns 0, -ENOENT or -ESRCH when there is none, or another negative errno. */
int proc_table_read_one(int procfd, int32_t pid, const struct proc_self *self, struct process *ret);

/* Sort @t->v by pid and make @t->by_age. Returns 0 or -ENOMEM. For tables built by hand. */
int proc_table_sort(struct proc_table *t);

/* The process with this pid, NULL if there is none. */
const struct process *proc_table_find(const struct proc_table *t, int32_t pid);

/* True if exactly this process, not a later one of the same pid, is there. */
bool proc_table_has(const struct proc_table *t, int32_t pid, uint64_t starttime_ticks);

/* The parent of @p if it is in the table and not younger than @p, else NULL. Who climbs further
 * must bound the number of steps (by the size of the table): start times of one clock tick are
 * equal. */
const struct process *proc_table_parent(const struct proc_table *t, const struct process *p);

/* True if @p is a leader of its network namespace: its parent is in another one (or unknown).
 * Never true for processes without a readable namespace. */
bool proc_is_netns_leader(const struct proc_table *t, const struct process *p);

/* True if @p may be the first process of a container: its mount or network namespace is another one
 * than its parent's. Looking at these only saves reading most processes' files. */
bool proc_may_be_container(const struct proc_table *t, const struct process *p);

/* True for the parent of kernel threads, which is never shown. */
bool proc_is_kthreadd(const struct process *p);

#endif
