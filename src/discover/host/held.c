/* SPDX-License-Identifier: MIT */
#include "discover/host/held.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/grow.h"
#include "discover/host/held_read.h"
#include "discover/host/inode_map.h"

static void free_all(struct held *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].place);
	free(v);
}

void held_done(struct held_list *l)
{
	free_all(l->mounts, l->n_mounts);
	free_all(l->fds, l->n_fds);
	free(l->mntns);
	*l = (struct held_list){0};
}

static int copy_mounts(
	struct held_list *l, const struct held_list *old, const struct held_mounts *m)
{
	for (size_t i = m->first; i < m->first + m->n; i++) {
		int rc = held_add_mount(l, &old->mounts[i]);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* What @old says about the mount namespace of @p, NULL if it must be read. */
static const struct held_mounts *recall_mounts(const struct proc_table *procs,
	const struct held_list *old, const struct id_set *changed, const struct inode_map *known,
	uint64_t mntns)
{
	const uint32_t *at = inode_map_get(known, mntns);
	const struct held_mounts *m = old && at ? &old->mntns[*at] : NULL;
	const struct process *rep = m ? proc_table_find(procs, m->pid) : NULL;

	/* a number of a namespace that ended goes to another: what was read is good as long as the
	 * process it was read from is there */
	return rep && rep->starttime_ticks == m->starttime_ticks && rep->mntns == mntns &&
			       !rep->is_fresh && !id_set_has(changed, mntns)
		       ? m
		       : NULL;
}

/* Note the mounts of @mntns, which begin at @first and were shown by the process of @m. */
static int note_mntns(struct held_list *l, const struct held_mounts *m, size_t first)
{
	struct held_mounts *v = grow(l->mntns, l->n_mntns, &l->cap_mntns, sizeof(*v));

	if (!v)
		return -ENOMEM;
	l->mntns = v;
	v[l->n_mntns] = *m;
	v[l->n_mntns].first = first;
	v[l->n_mntns++].n = l->n_mounts - first;
	return 0;
}

/* Returns 1 when the mounts are known now, 0 when they cannot be read by way of @p, or -ENOMEM. */
static int add_mounts(struct held_list *l, int procfd, const struct process *p,
	const struct held_list *old, const struct held_mounts *before)
{
	const struct held_mounts now = {
		.mntns = p->mntns, .pid = p->pid, .starttime_ticks = p->starttime_ticks};
	size_t first = l->n_mounts;
	int rc = before ? copy_mounts(l, old, before) : held_read_mounts(l, procfd, p);

	if (rc < 0 || (!before && rc == 0))
		return rc;
	rc = note_mntns(l, before ? before : &now, first);
	return rc < 0 ? rc : 1;
}

static int read_mounts(const struct held_sources *s, const struct held_list *old,
	const struct id_set *changed, struct held_list *l)
{
	struct inode_map seen = {0}, known = {0};
	int rc = 0;

	for (size_t i = 0; old && i < old->n_mntns && rc >= 0; i++)
		rc = inode_map_add(&known, old->mntns[i].mntns, (uint32_t) i);
	for (size_t i = 0; i < s->procs->n && rc >= 0; i++) {
		const struct process *p = s->procs->by_age[i];

		if (p->mntns == 0 || inode_map_get(&seen, p->mntns))
			continue;
		yield_point(s->yield);
		rc = add_mounts(l, s->procfd, p, old,
			recall_mounts(s->procs, old, changed, &known, p->mntns));
		/* a process that has just ended: the next one of its mount namespace will do */
		if (rc == 1)
			rc = inode_map_add(&seen, p->mntns, 0);
	}
	inode_map_done(&seen);
	inode_map_done(&known);
	return rc < 0 ? rc : 0;
}

/* Compare the holder of @h with @p: by age, then pid. */
static int cmp_holder(const struct held *h, const struct process *p)
{
	if (h->ref.starttime_ticks != p->starttime_ticks)
		return h->ref.starttime_ticks < p->starttime_ticks ? -1 : 1;
	return ((int32_t) h->ref.pid > p->pid) - ((int32_t) h->ref.pid < p->pid);
}

/* Copy what @p holds from @old, beginning to look at *@at: processes come by age. */
static int copy_fds(
	struct held_list *l, const struct held_list *old, const struct process *p, size_t *at)
{
	int rc = 0;

	while (*at < old->n_fds && cmp_holder(&old->fds[*at], p) < 0)
		(*at)++;
	for (; rc == 0 && *at < old->n_fds && cmp_holder(&old->fds[*at], p) == 0; (*at)++)
		rc = held_add_fd(l, &old->fds[*at]);
	return rc;
}

static int read_fds(const struct held_sources *s, const struct held_list *old, struct held_list *l)
{
	struct stat nsfs;
	size_t at = 0;
	int rc = 0;

	if (fstatat(s->procfd, "self/ns/net", &nsfs, 0) < 0)
		return 0;
	for (size_t i = 0; i < s->procs->n && rc == 0; i++) {
		const struct process *p = s->procs->by_age[i];

		/* kernel threads have no descriptors */
		if (p->ours || p->ppid == 2 || proc_is_kthreadd(p))
			continue;
		yield_point(s->yield);
		if (old && !p->is_fresh)
			rc = copy_fds(l, old, p, &at);
		else
			rc = held_read_fds(l, s->procfd, p, nsfs.st_dev);
	}
	return rc;
}

int held_read(const struct held_sources *s, const struct held_list *old,
	const struct id_set *changed, struct held_list *ret)
{
	struct held_list l = {0};
	int rc = read_mounts(s, old, changed, &l);

	if (rc == 0)
		rc = read_fds(s, old, &l);
	if (rc < 0) {
		held_done(&l);
		return rc;
	}
	*ret = l;
	return 0;
}

const struct held_mounts *held_find_mounts(const struct held_list *l, uint64_t mntns)
{
	for (size_t i = 0; i < l->n_mntns; i++) {
		if (l->mntns[i].mntns == mntns)
			return &l->mntns[i];
	}
	return NULL;
}

bool held_have_mounts_changed(int procfd, const struct held_list *l, const struct held_mounts *m)
{
	const struct process p = {
		.pid = m->pid, .starttime_ticks = m->starttime_ticks, .mntns = m->mntns};
	struct held_list now = {0};
	bool differs = held_read_mounts(&now, procfd, &p) != 1 || now.n_mounts != m->n;

	for (size_t i = 0; !differs && i < m->n; i++) {
		const struct held *a = &now.mounts[i], *b = &l->mounts[m->first + i];

		differs = a->ref.inode != b->ref.inode || a->ref.index != b->ref.index;
	}
	held_done(&now);
	return differs;
}
