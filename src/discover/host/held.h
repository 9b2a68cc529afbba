/* SPDX-License-Identifier: MIT */
/* Network namespaces as mounts and open descriptors hold them, whether processes are in them or
 * not: what is found in this way is kept, so that a look at a few processes need not look at all.
 */
#ifndef DISCOVER_HELD_H
#define DISCOVER_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/yield.h"
#include "discover/host/id_set.h"
#include "discover/host/proc_table.h"
#include "proto/broker.h"

#define HELD_MAX 65536 /* of mounts, and as many of descriptors */

struct held {
	struct ns_ref ref;
	char *place;   /* owned; "/proc/1/ns/mnt:/run/x" or "/proc/1/fd/4" */
	bool is_guess; /* a namespace, but perhaps of another type: the broker's answer tells */
};

/* The mounts of one mount namespace, as its process @pid has shown them. */
struct held_mounts {
	uint64_t mntns;
	int32_t pid;
	uint64_t starttime_ticks;
	size_t first, n; /* in held_list.mounts */
};

struct held_list {
	struct held *mounts; /* owned; older mount namespaces first */
	size_t n_mounts, cap_mounts;
	struct held *fds; /* owned; older processes first */
	size_t n_fds, cap_fds;
	struct held_mounts *mntns; /* owned; every mount namespace that was read */
	size_t n_mntns, cap_mntns;
};

/* Where to look; all borrowed. */
struct held_sources {
	int procfd;
	const struct proc_table *procs;
	struct yield *yield;
};

/* Find what is bind-mounted in any mount namespace (by way of its oldest process, once for each),
 * and what open descriptors lead to. Our own processes do not count. A descriptor that was opened
 * where the namespace is, or was, mounted does not tell the type of the namespace: it is a guess.
 * What cannot be read is passed over. With @old (else NULL), only processes that are fresh and
 * mount namespaces that are new or among @changed (sorted) are read; the rest is copied from there.
 * Has yield points. Returns 0 or -ENOMEM; free with held_done(). */
int held_read(const struct held_sources *s, const struct held_list *old,
	const struct id_set *changed, struct held_list *ret);
void held_done(struct held_list *l);

/* The mounts of mount namespace @mntns, NULL if it was not read. */
const struct held_mounts *held_find_mounts(const struct held_list *l, uint64_t mntns);

/* True if the process of @m shows other mounts now than those in @l. */
bool held_have_mounts_changed(int procfd, const struct held_list *l, const struct held_mounts *m);

#endif
