/* SPDX-License-Identifier: MIT */
/* What has changed on the host since the newest scan, as the kernel tells: processes by the process
 * events connector, mounts by polling mountinfo, links by rtnetlink. It says which processes, mount
 * namespaces and network namespaces have to be looked at again, and whether anything of that can
 * show in the catalog; most processes come and go without a trace in it.
 *
 * Nothing tells of a process that enters another namespace (setns(2), unshare(2)) and then neither
 * executes a program nor changes its name nor forks, of descriptors opened or closed, or of mounts
 * in mount namespaces that are not watched: a process is looked at once more LIVE_AGAIN_MS after it
 * began, whole scans find the rest.
 *
 * Looking is limited: at most every LIVE_GAP_MS, and for not more than a tenth of the time as long
 * as that does not mean waiting for more than LIVE_GAP_MAX_MS. */
#ifndef DISCOVER_LIVE_H
#define DISCOVER_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "discover/host/id_set.h"
#include "discover/host/proc_events.h"
#include "discover/host/scan.h"
#include "discover/live_mounts.h"
#include "loop/loop.h"

#define LIVE_GAP_MS     10
#define LIVE_GAP_MAX_MS 200
#define LIVE_AGAIN_MS   200
#define LIVE_PIDS_MAX   4096 /* processes that do not matter but have changed: then an update */
#define LIVE_LEND_MAX   256  /* of these, read for a scan and then once more */

struct live {
	struct loop *loop;
	int procfd;
	const struct proc_self *self;
	const struct scan *scan;  /* borrowed: the newest complete one, NULL = none yet */
	struct loop_source procs; /* procs.fd: owned, -1 = none */
	struct loop_source links; /* the same */
	struct live_mounts mounts;
	struct loop_timer look, again;
	struct id_set woken;        /* processes that were told of and not looked at yet */
	struct id_set young, elder; /* those that began; looked at once more */
	struct id_set nsids; /* as in scan_changes; links changed there, but @scan has none */
	size_t last_netns;   /* in the scan's set: where links changed last */
	struct scan_changes changes;
	int64_t looked_ns, look_took_ns;
	bool has_begun;               /* a scan has */
	bool is_scanning;             /* one is under way: @scan is about to be replaced */
	bool is_ready;                /* the kernel tells of processes */
	bool is_lost;                 /* events were lost since @scan: only a whole scan helps */
	bool matters;                 /* @changes may show */
	void (*change_fn)(void *ctx); /* called when @matters or @is_lost has become true */
	/* called when mounts have changed, before it is known whether that matters: they change
	 * rarely, and the next look may be LIVE_GAP_MAX_MS away */
	void (*doubt_fn)(void *ctx);
	void *ctx;
};

void live_init(struct live *l, struct loop *loop, int procfd, const struct proc_self *self);
void live_done(struct live *l);

/* Take over @fd, a socket for EVENTS_PROCESSES, in place of any earlier one. */
void live_use_processes(struct live *l, int fd);

/* Take over @fd, a socket for EVENTS_LINKS, in place of any earlier one. */
void live_use_links(struct live *l, int fd);

/* Look now at everything that was told up to now. */
void live_look(struct live *l);

/* True if the kernel tells of processes and links. */
bool live_tells(const struct live *l);

/* True if an update with the changes of @l shows the host as a whole scan would. */
bool live_is_complete(const struct live *l);

/* What was told up to now goes into a scan that begins: take it out of @l (sorted; free it with
 * scan_changes_done()). */
void live_take(struct live *l, struct scan_changes *ret);

/* As live_take(), for an update while nothing that matters has changed, which therefore finds what
 * @scan shows: nothing is taken out of @l, and it goes on comparing with @scan. Returns false, with
 * nothing done, when that cannot be. */
bool live_lend(struct live *l, struct scan_changes *ret);

/* That scan failed: it has to be done all the same. */
void live_give_back(struct live *l);

/* The scan is about to be replaced: read what was told of links as long as they go by its ids. One
 * of its namespaces may have ended, and its id have gone to one in the next scan. */
void live_leave_scan(struct live *l);

/* Compare with @scan (borrowed, NULL = none) from now on, and watch the mounts it tells of: the
 * host's, ours, and those of mount namespaces in which something is mounted that matters. */
void live_use_scan(struct live *l, const struct scan *scan);

#endif
