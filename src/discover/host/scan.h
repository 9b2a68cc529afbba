/* SPDX-License-Identifier: MIT */
/* One look at the host: its processes and its network namespaces, read in one go. Links and engines
 * are asked afterwards, without waiting (discover.c). */
#ifndef DISCOVER_SCAN_H
#define DISCOVER_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/yield.h"
#include "discover/host/cgroup_scan.h"
#include "discover/host/held.h"
#include "discover/host/id_set.h"
#include "discover/host/link_changes.h"
#include "discover/host/netns_set.h"
#include "discover/host/proc_table.h"

struct scan {
	struct proc_table procs;
	struct netns_set nets; /* sorted */
	struct cgroup_list cgroups;
	struct held_list held;
	bool cut; /* there were more namespaces than the catalog holds */
};

/* What has to be looked at again since a scan; each set sorted. */
struct scan_changes {
	struct id_set pids;  /* processes that began, ended, or became different */
	struct id_set mntns; /* mount namespaces in which mounts changed */
	/* netns_id_key() of network namespaces whose links have to be listed again: of all that
	 * have the id by then, as the ids of ended namespaces go to others */
	struct id_set nsids;
	struct link_changes links;
};

void scan_changes_done(struct scan_changes *c);

/* What a look is taken with; all borrowed. */
struct scan_means {
	int procfd;
	const struct proc_self *self;
	struct yield *yield;
};

/* Read processes, then the namespaces they are in, then those that are only mounted, then those
 * only held by a descriptor, with yield points. Returns 0 or a negative errno; free with
 * scan_done(). */
int scan_read(const struct scan_means *m, struct scan *ret);

/* As scan_read(), but look only at @changes and take everything else over from @old, which stays as
 * it is. */
int scan_update(const struct scan_means *m, const struct scan *old,
	const struct scan_changes *changes, struct scan *ret);
void scan_done(struct scan *s);

#endif
