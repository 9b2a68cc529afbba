/* SPDX-License-Identifier: MIT */
#include "discover/live.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "discover/live_look.h"

#define MS_NS 1000000LL

static void stop(struct live *l, struct loop_source *s)
{
	if (s->fd >= 0) {
		loop_unwatch(l->loop, s);
		(void) close(s->fd);
	}
	s->fd = -1;
	/* one without the other is not enough */
	l->is_ready = false;
}

static void on_link(void *ctx, int32_t nsid, const struct link_event *ev)
{
	live_note_link(ctx, nsid, ev);
}

static void read_links(struct live *l)
{
	int rc = l->links.fd >= 0 ? link_events_read(l->links.fd, on_link, l) : 0;

	/* what is left unread counts as lost: nothing may be called unchanged before it is known */
	if (rc == -ENOBUFS || rc == 1) {
		l->is_lost = true;
	} else if (rc < 0) {
		log_warn("the kernel does not tell of links any more error=\"%s\"", strerror(-rc));
		stop(l, &l->links);
	}
}

static void on_process(void *ctx, enum proc_event_kind kind, int32_t pid)
{
	struct live *l = ctx;

	if (kind == PROC_EVENTS_READY) {
		/* what happened since a scan began was not told */
		l->is_lost = l->is_lost || (!l->is_ready && l->has_begun);
		l->is_ready = true;
		return;
	}
	id_set_add(&l->woken, (uint64_t) pid);
	if (kind != PROC_BEGAN)
		return;
	id_set_add(&l->young, (uint64_t) pid);
	if (!l->again.armed)
		loop_arm(l->loop, &l->again, clock_mono_ns() + LIVE_AGAIN_MS * MS_NS);
}

static void read_processes(struct live *l)
{
	int rc = l->procs.fd >= 0 ? proc_events_read(l->procs.fd, on_process, l) : 0;

	if (rc == -ENOBUFS || rc == 1) {
		l->is_lost = true;
	} else if (rc < 0) {
		log_warn("the kernel does not tell of processes any more error=\"%s\"",
			strerror(-rc));
		stop(l, &l->procs);
	}
}

void live_look(struct live *l)
{
	int64_t began_ns = clock_mono_ns();
	bool before = l->matters || l->is_lost;

	loop_disarm(l->loop, &l->look);
	read_processes(l);
	read_links(l);
	/* not while a scan is under way: against the one before, what came and went meanwhile would
	 * seem unchanged, and stay in the new one */
	if (l->scan && !l->is_scanning) {
		live_look_at_processes(l);
		if (live_mounts_look(&l->mounts, &l->scan->held, &l->changes.mntns) > 0)
			l->matters = true;
	}
	if (l->procs.fd >= 0)
		(void) loop_watch(l->loop, &l->procs, EPOLLIN);
	if (l->links.fd >= 0)
		(void) loop_watch(l->loop, &l->links, EPOLLIN);
	l->looked_ns = clock_mono_ns();
	l->look_took_ns = l->looked_ns - began_ns;
	if (!before && (l->matters || l->is_lost))
		l->change_fn(l->ctx);
}

static void on_look(void *ctx)
{
	live_look(ctx);
}

static void schedule_look(struct live *l)
{
	int64_t gap_ns = l->look_took_ns * 10, now_ns = clock_mono_ns(), at_ns;

	if (gap_ns > LIVE_GAP_MAX_MS * MS_NS)
		gap_ns = LIVE_GAP_MAX_MS * MS_NS;
	at_ns = l->looked_ns + gap_ns;
	if (at_ns < now_ns + LIVE_GAP_MS * MS_NS)
		at_ns = now_ns + LIVE_GAP_MS * MS_NS;
	if (!l->look.armed)
		loop_arm(l->loop, &l->look, at_ns);
}

static void on_process_events(void *ctx, uint32_t events)
{
	struct live *l = ctx;

	(void) events;
	/* they are read together, once a moment has passed */
	(void) loop_watch(l->loop, &l->procs, 0);
	schedule_look(l);
}

static void on_link_events(void *ctx, uint32_t events)
{
	struct live *l = ctx;

	(void) events;
	(void) loop_watch(l->loop, &l->links, 0);
	schedule_look(l);
}

static void on_mounts(void *ctx)
{
	struct live *l = ctx;

	schedule_look(l);
	l->doubt_fn(l->ctx);
}

static void on_again(void *ctx)
{
	struct live *l = ctx;

	for (size_t i = 0; i < l->elder.n; i++)
		id_set_add(&l->woken, l->elder.v[i]);
	id_set_clear(&l->elder);
	id_set_swap(&l->elder, &l->young);
	if (l->elder.n > 0)
		loop_arm(l->loop, &l->again, clock_mono_ns() + LIVE_AGAIN_MS * MS_NS);
	if (l->woken.n > 0)
		schedule_look(l);
}

void live_init(struct live *l, struct loop *loop, int procfd, const struct proc_self *self)
{
	*l = (struct live){.loop = loop,
		.procfd = procfd,
		.self = self,
		.procs = {.fd = -1, .fn = on_process_events, .ctx = l},
		.links = {.fd = -1, .fn = on_link_events, .ctx = l},
		.look = {.fn = on_look, .ctx = l},
		.again = {.fn = on_again, .ctx = l}};
	live_mounts_init(&l->mounts, loop, procfd, self);
	l->mounts.changed_fn = on_mounts;
	l->mounts.ctx = l;
}

void live_done(struct live *l)
{
	stop(l, &l->links);
	stop(l, &l->procs);
	live_mounts_done(&l->mounts);
	loop_disarm(l->loop, &l->look);
	loop_disarm(l->loop, &l->again);
	id_set_done(&l->woken);
	id_set_done(&l->young);
	id_set_done(&l->elder);
	id_set_done(&l->nsids);
	scan_changes_done(&l->changes);
}

static void use(struct live *l, struct loop_source *s, int fd)
{
	stop(l, s);
	s->fd = fd;
	if (loop_watch(l->loop, s, EPOLLIN) < 0)
		stop(l, s);
}

void live_use_processes(struct live *l, int fd)
{
	use(l, &l->procs, fd);
}

void live_use_links(struct live *l, int fd)
{
	use(l, &l->links, fd);
}

bool live_tells(const struct live *l)
{
	return l->is_ready && l->links.fd >= 0;
}

/* Has something been told that was not looked at yet? */
static bool has_unlooked(const struct live *l)
{
	return live_mounts_have_changed(&l->mounts) || l->woken.n > 0;
}

bool live_is_complete(const struct live *l)
{
	return live_tells(l) && !l->is_lost && l->scan && !has_unlooked(l);
}

void live_take(struct live *l, struct scan_changes *ret)
{
	id_set_sort(&l->changes.pids);
	id_set_sort(&l->changes.mntns);
	id_set_sort(&l->changes.nsids);
	*ret = l->changes;
	l->changes = (struct scan_changes){0};
	id_set_clear(&l->nsids); /* what was told before is seen */
	l->matters = l->is_lost = false;
	l->has_begun = l->is_scanning = true;
}

bool live_lend(struct live *l, struct scan_changes *ret)
{
	if (l->matters || l->is_lost || !l->scan || l->changes.pids.n > LIVE_LEND_MAX)
		return false;
	id_set_sort(&l->changes.pids);
	*ret = (struct scan_changes){0};
	id_set_clear(&l->nsids);
	for (size_t i = 0; i < l->changes.pids.n; i++)
		id_set_add(&ret->pids, l->changes.pids.v[i]);
	id_set_sort(&ret->pids);
	return true;
}

void live_give_back(struct live *l)
{
	l->is_scanning = false;
	l->is_lost = true;
}

void live_leave_scan(struct live *l)
{
	read_links(l);
}

void live_use_scan(struct live *l, const struct scan *scan)
{
	l->scan = scan;
	l->is_scanning = false;
	if (scan)
		live_look_at_unknown_links(l);
	live_mounts_use(&l->mounts, scan ? &scan->held : NULL);
	if (has_unlooked(l))
		schedule_look(l);
}
