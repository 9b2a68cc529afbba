/* SPDX-License-Identifier: MIT */
#include "discover/live_mounts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/own.h"

static void on_event(void *ctx, uint32_t events)
{
	struct live_mount_watch *w = ctx;

	(void) events;
	w->has_changed = true;
	w->all->changed_fn(w->all->ctx);
}

void live_mounts_init(
	struct live_mounts *m, struct loop *loop, int procfd, const struct proc_self *self)
{
	*m = (struct live_mounts){.loop = loop, .procfd = procfd, .self = self};
	for (size_t i = 0; i < LIVE_MOUNTS_MAX; i++) {
		struct live_mount_watch *w = &m->v[i];

		*w = (struct live_mount_watch){
			.src = {.fd = -1, .fn = on_event, .ctx = w}, .all = m};
	}
}

static void unwatch(struct live_mount_watch *w)
{
	if (w->src.fd >= 0) {
		loop_unwatch(w->all->loop, &w->src);
		(void) close(w->src.fd);
	}
	w->src.fd = -1;
	w->has_changed = false;
}

void live_mounts_done(struct live_mounts *m)
{
	for (size_t i = 0; i < LIVE_MOUNTS_MAX; i++)
		unwatch(&m->v[i]);
}

static bool is_wanted(const struct live_mounts *m, const struct held_mounts *h)
{
	return h->n > 0 || h->pid == 1 || h->mntns == m->self->mntns;
}

/* Watch the mounts that the process of @h shows. */
static void watch(struct live_mounts *m, const struct held_mounts *h)
{
	struct live_mount_watch *w = NULL;
	char path[32];

	for (size_t i = 0; i < LIVE_MOUNTS_MAX; i++) {
		if (m->v[i].src.fd >= 0 && m->v[i].mntns == h->mntns)
			return;
		if (m->v[i].src.fd < 0 && !w)
			w = &m->v[i];
	}
	if (!w)
		return;
	(void) snprintf(path, sizeof(path), "%" PRId32 "/mountinfo", h->pid);
	w->src.fd = openat(m->procfd, path, O_RDONLY | O_CLOEXEC);
	if (w->src.fd < 0)
		return;
	w->mntns = h->mntns;
	w->pid = h->pid;
	/* it may have changed since it was read */
	w->has_changed = true;
	if (loop_watch(m->loop, &w->src, EPOLLPRI) < 0)
		unwatch(w);
}

void live_mounts_use(struct live_mounts *m, const struct held_list *held)
{
	for (size_t i = 0; i < LIVE_MOUNTS_MAX; i++) {
		struct live_mount_watch *w = &m->v[i];
		const struct held_mounts *h = held ? held_find_mounts(held, w->mntns) : NULL;

		/* an open mountinfo keeps a mount namespace: nobody else may be left in it */
		if (w->src.fd >= 0 && (!h || h->pid != w->pid || !is_wanted(m, h)))
			unwatch(w);
	}
	for (size_t i = 0; held && i < held->n_mntns; i++) {
		if (is_wanted(m, &held->mntns[i]))
			watch(m, &held->mntns[i]);
	}
}

bool live_mounts_have_changed(const struct live_mounts *m)
{
	for (size_t i = 0; i < LIVE_MOUNTS_MAX; i++) {
		if (m->v[i].has_changed)
			return true;
	}
	return false;
}

size_t live_mounts_look(struct live_mounts *m, const struct held_list *held, struct id_set *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < LIVE_MOUNTS_MAX; i++) {
		struct live_mount_watch *w = &m->v[i];
		const struct held_mounts *h;

		if (!w->has_changed)
			continue;
		w->has_changed = false;
		h = held_find_mounts(held, w->mntns);
		if (h && !held_have_mounts_changed(m->procfd, held, h))
			continue;
		id_set_add(ret, w->mntns);
		n++;
	}
	return n;
}
