/* SPDX-License-Identifier: MIT */
#include "discover/live.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "discover/engine/engines.h"
#include "discover/host/link_events.h"

#define MS_NS 1000000LL

/* May @p, in the table, be seen in the catalog? */
static bool shows(const struct live *l, const struct process *p)
{
	const struct proc_table *t = &l->scan->procs;

	if (proc_is_netns_leader(t, p) || proc_may_be_container(t, p) || engines_may_be(p))
		return true;
	for (size_t i = 0; i < l->scan->nets.n; i++) {
		const struct ns_ref *r = &l->scan->nets.v[i].ref;

		if (r->kind != NS_REF_PROC && (int32_t) r->pid == p->pid)
			return true;
	}
	return false;
}

/* May @p, as it is now, be seen in the next catalog? */
static bool will_show(struct live *l, const struct process *p)
{
	const struct process *known =
		p->ppid > 0 ? proc_table_find(&l->scan->procs, p->ppid) : NULL;
	struct process parent;

	if (p->netns == 0 || p->ours)
		return false;
	if (engines_may_be(p))
		return true;
	if (known && known->netns == p->netns && known->mntns == p->mntns)
		return false;
	/* the parent may have changed its namespaces itself, which nobody tells */
	if (p->ppid <= 0 || proc_table_read_one(l->procfd, p->ppid, l->self, &parent) < 0)
		return true;
	if (known && (known->netns != parent.netns || known->mntns != parent.mntns)) {
		id_set_add(&l->changes.pids, (uint64_t) parent.pid);
		return true;
	}
	return parent.netns != p->netns || parent.mntns != p->mntns;
}

static bool is_same(const struct process *a, const struct process *b)
{
	return a->ppid == b->ppid && a->starttime_ticks == b->starttime_ticks &&
	       a->netns == b->netns && a->mntns == b->mntns && strcmp(a->comm, b->comm) == 0;
}

/* Look at one process. Returns true when it was in the table and is not any more, so that its
 * children have got another parent. */
static bool look_at(struct live *l, int32_t pid)
{
	const struct process *old = proc_table_find(&l->scan->procs, pid);
	struct process now;
	bool is_there = proc_table_read_one(l->procfd, pid, l->self, &now) == 0;

	if (is_there ? old && is_same(old, &now) : !old)
		return false;
	id_set_add(&l->changes.pids, (uint64_t) pid);
	if ((old && shows(l, old)) || (is_there && will_show(l, &now)))
		l->matters = true;
	return old && (!is_there || now.netns == 0 || now.starttime_ticks != old->starttime_ticks);
}

static void look_at_children(struct live *l, const struct id_set *ended)
{
	const struct proc_table *t = &l->scan->procs;

	for (size_t i = 0; ended->n > 0 && i < t->n; i++) {
		if (id_set_has(ended, (uint64_t) t->v[i].ppid))
			(void) look_at(l, t->v[i].pid);
	}
}

static void look_at_woken(struct live *l)
{
	struct id_set ended = {.is_sorted = true};

	id_set_sort(&l->woken);
	for (size_t i = 0; i < l->woken.n; i++) {
		if (look_at(l, (int32_t) l->woken.v[i]))
			id_set_add(&ended, l->woken.v[i]);
	}
	id_set_sort(&ended);
	look_at_children(l, &ended);
	l->is_lost = l->is_lost || l->woken.cut || l->changes.pids.cut || ended.cut;
	id_set_clear(&l->woken);
	id_set_done(&ended);
	/* processes without a trace add up: take them into the table now and then */
	if (l->changes.pids.n > LIVE_PIDS_MAX)
		id_set_sort(&l->changes.pids);
	if (l->changes.pids.n > LIVE_PIDS_MAX)
		l->matters = true;
}

static void look_at_mounts(struct live *l)
{
	for (size_t i = 0; i < LIVE_MOUNTS_MAX; i++) {
		struct live_mounts *w = &l->mounts[i];
		const struct held_mounts *m;

		if (!w->has_changed)
			continue;
		w->has_changed = false;
		m = held_find_mounts(&l->scan->held, w->mntns);
		if (m && !held_have_mounts_changed(l->procfd, &l->scan->held, m))
			continue;
		id_set_add(&l->changes.mntns, w->mntns);
		l->matters = true;
	}
}

/* Returns true when there is a namespace that goes by @nsid. */
static bool look_at_links_of(struct live *l, int32_t nsid)
{
	bool is_known = false;

	for (size_t i = 0; i < l->scan->nets.n; i++) {
		const struct netns *ns = &l->scan->nets.v[i];

		if (nsid == LINK_EVENTS_OWN ? ns->ref.inode != l->self->netns : ns->nsid != nsid)
			continue;
		id_set_add(&l->changes.netns, ns->ref.inode);
		l->matters = true;
		is_known = true;
	}
	return is_known;
}

static void look_at_links(struct live *l)
{
	size_t n = 0;

	id_set_sort(&l->nsids);
	l->is_lost = l->is_lost || l->nsids.cut;
	for (size_t i = 0; i < l->nsids.n; i++) {
		uint64_t id = l->nsids.v[i];

		/* one that is about to be known may have changed since it was listed */
		if (!look_at_links_of(l, (int32_t) id - 1) && l->is_scanning)
			l->nsids.v[n++] = id;
	}
	l->nsids.n = n;
	l->nsids.cut = false;
}

static void on_link(void *ctx, int32_t nsid)
{
	struct live *l = ctx;

	id_set_add(&l->nsids, (uint64_t) ((int64_t) nsid + 1));
}

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
		look_at_woken(l);
		look_at_mounts(l);
	}
	if (l->scan)
		look_at_links(l);
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

static void on_mount_event(void *ctx, uint32_t events)
{
	struct live_mounts *w = ctx;

	(void) events;
	w->has_changed = true;
	schedule_look(w->live);
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
	for (size_t i = 0; i < LIVE_MOUNTS_MAX; i++) {
		struct live_mounts *w = &l->mounts[i];

		*w = (struct live_mounts){
			.src = {.fd = -1, .fn = on_mount_event, .ctx = w}, .live = l};
	}
}

static void unwatch_mounts(struct live_mounts *w)
{
	if (w->src.fd >= 0) {
		loop_unwatch(w->live->loop, &w->src);
		(void) close(w->src.fd);
	}
	w->src.fd = -1;
	w->has_changed = false;
}

void live_done(struct live *l)
{
	stop(l, &l->links);
	stop(l, &l->procs);
	for (size_t i = 0; i < LIVE_MOUNTS_MAX; i++)
		unwatch_mounts(&l->mounts[i]);
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
	for (size_t i = 0; i < LIVE_MOUNTS_MAX; i++) {
		if (l->mounts[i].has_changed)
			return true;
	}
	return l->woken.n > 0;
}

bool live_is_complete(const struct live *l)
{
	return live_tells(l) && !l->is_lost && l->scan && !has_unlooked(l);
}

void live_take(struct live *l, struct scan_changes *ret)
{
	id_set_sort(&l->changes.pids);
	id_set_sort(&l->changes.mntns);
	id_set_sort(&l->changes.netns);
	*ret = l->changes;
	l->changes = (struct scan_changes){0};
	l->matters = l->is_lost = false;
	l->has_begun = l->is_scanning = true;
}

void live_give_back(struct live *l)
{
	l->is_scanning = false;
	l->is_lost = true;
}

static bool is_wanted(const struct live *l, const struct held_mounts *m)
{
	return m->n > 0 || m->pid == 1 || m->pid == l->self->pid || m->pid == l->self->broker_pid;
}

/* Watch the mounts that the process of @m shows. */
static void watch_mounts(struct live *l, const struct held_mounts *m)
{
	struct live_mounts *w = NULL;
	char path[32];

	for (size_t i = 0; i < LIVE_MOUNTS_MAX; i++) {
		if (l->mounts[i].src.fd >= 0 && l->mounts[i].mntns == m->mntns)
			return;
		if (l->mounts[i].src.fd < 0 && !w)
			w = &l->mounts[i];
	}
	if (!w)
		return;
	(void) snprintf(path, sizeof(path), "%" PRId32 "/mountinfo", m->pid);
	w->src.fd = openat(l->procfd, path, O_RDONLY | O_CLOEXEC);
	if (w->src.fd < 0)
		return;
	w->mntns = m->mntns;
	w->pid = m->pid;
	/* it may have changed since it was read */
	w->has_changed = true;
	if (loop_watch(l->loop, &w->src, EPOLLPRI) < 0)
		unwatch_mounts(w);
	else
		schedule_look(l);
}

void live_use_scan(struct live *l, const struct scan *scan)
{
	l->scan = scan;
	l->is_scanning = false;
	for (size_t i = 0; i < LIVE_MOUNTS_MAX; i++) {
		struct live_mounts *w = &l->mounts[i];
		const struct held_mounts *m = scan ? held_find_mounts(&scan->held, w->mntns) : NULL;

		/* an open mountinfo keeps a mount namespace: nobody else may be left in it */
		if (w->src.fd >= 0 && (!m || m->pid != w->pid || !is_wanted(l, m)))
			unwatch_mounts(w);
	}
	for (size_t i = 0; scan && i < scan->held.n_mntns; i++) {
		if (is_wanted(l, &scan->held.mntns[i]))
			watch_mounts(l, &scan->held.mntns[i]);
	}
	if (has_unlooked(l))
		schedule_look(l);
}
