/* SPDX-License-Identifier: MIT */
#include "discover/host/proc_table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ns_link.h"
#include "base/utf8.h"
#include "base/own.h"
#include "base/grow.h"

/* How all executables of the product begin; what the kernel keeps of a name is 15 bytes. */
#define OUR_COMM "packetflix"

static bool is_ours(const struct proc_self *self, const struct process *p)
{
	if (p->pid == self->pid || p->pid == self->broker_pid)
		return true;
	/* the broker may be an init, whose adopted children are not ours */
	return p->ppid == self->broker_pid && strncmp(p->comm, OUR_COMM, strlen(OUR_COMM)) == 0;
}

static uint64_t read_ns(int procfd, int32_t pid, const char *type)
{
	char path[32];

	(void) snprintf(path, sizeof(path), "%" PRId32 "/ns/%s", pid, type);
	return ns_link_read(procfd, path, type);
}

/* Programs that start themselves anew, as the one around a rootless Docker does, all have the same
 * name. The link is no path that is followed. */
static void read_program(int procfd, struct process *p)
{
	char path[32], target[PATH_MAX];
	const char *name;
	ssize_t n;

	if (strcmp(p->comm, "exe") != 0)
		return;
	(void) snprintf(path, sizeof(path), "%" PRId32 "/exe", p->pid);
	n = readlinkat(procfd, path, target, sizeof(target) - 1);
	if (n <= 0)
		return;
	target[n] = '\0';
	name = strrchr(target, '/');
	(void) snprintf(p->program, sizeof(p->program), "%.*s", (int) sizeof(p->program) - 1,
		name ? name + 1 : target);
}

void proc_name(const struct process *p, char ret[PROC_NAME_MAX])
{
	char shown[PROCSTAT_COMM_MAX];

	utf8_sanitize(p->program[0] ? p->program : p->comm, shown, sizeof(shown));
	(void) snprintf(ret, PROC_NAME_MAX, "%s(%" PRId32 ")", shown, p->pid);
}

int proc_table_read_one(int procfd, int32_t pid, const struct proc_self *self, struct process *ret)
{
	struct procstat st;
	int rc = procstat_read(procfd, pid, &st);

	if (rc < 0)
		return rc;
	*ret = (struct process){.pid = pid,
		.ppid = st.ppid,
		.starttime_ticks = st.starttime_ticks,
		.is_fresh = true};
	memcpy(ret->comm, st.comm, sizeof(ret->comm));
	read_program(procfd, ret);
	ret->ours = is_ours(self, ret);
	ret->netns = ret->ours ? self->netns : read_ns(procfd, pid, "net");
	ret->mntns = read_ns(procfd, pid, "mnt");
	return 0;
}

/* The process number that @name spells, 0 if it is no process directory. */
static int32_t pid_of_name(const char *name)
{
	long v;
	char *end;

	if (name[0] < '1' || name[0] > '9')
		return 0;
	v = strtol(name, &end, 10);
	return *end == '\0' && v <= INT32_MAX ? (int32_t) v : 0;
}

static int read_all(DIR *dir, int procfd, const struct proc_self *self, struct yield *yield,
	struct proc_table *t)
{
	size_t cap = 0;
	const struct dirent *d;

	while ((d = readdir(dir))) {
		int32_t pid = pid_of_name(d->d_name);
		struct process *v;

		yield_point(yield);
		if (pid == 0)
			continue;
		v = grow(t->v, t->n, &cap, sizeof(*v));
		if (!v)
			return -ENOMEM;
		t->v = v;
		if (proc_table_read_one(procfd, pid, self, &t->v[t->n]) == 0)
			t->n++;
	}
	return 0;
}

int proc_table_read(
	int procfd, const struct proc_self *self, struct yield *yield, struct proc_table *ret)
{
	struct proc_table t = {0};
	int fd = openat(procfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int rc;

	if (!dir) {
		rc = -errno;
		close_p(&fd);
		return rc;
	}
	rc = read_all(dir, procfd, self, yield, &t);
	if (rc == 0)
		rc = proc_table_sort(&t);
	if (rc < 0) {
		proc_table_done(&t);
		return rc;
	}
	*ret = t;
	return 0;
}

/* Both are sorted by pid: merge them. @t has room. */
static void merge(int procfd, const struct proc_self *self, const struct proc_table *old,
	const struct id_set *changed, struct proc_table *t)
{
	size_t i = 0, j = 0;

	while (i < old->n || j < changed->n) {
		int32_t next = j < changed->n ? (int32_t) changed->v[j] : INT32_MAX;

		if (i < old->n && (j == changed->n || old->v[i].pid < next)) {
			t->v[t->n] = old->v[i++];
			t->v[t->n++].is_fresh = false;
			continue;
		}
		if (i < old->n && old->v[i].pid == next)
			i++;
		j++;
		if (proc_table_read_one(procfd, next, self, &t->v[t->n]) == 0)
			t->n++;
	}
}

int proc_table_update(int procfd, const struct proc_self *self, const struct proc_table *old,
	const struct id_set *changed, struct proc_table *ret)
{
	struct proc_table t = {.v = calloc(old->n + changed->n + 1, sizeof(*t.v))};

	if (!t.v)
		return -ENOMEM;
	merge(procfd, self, old, changed, &t);
	if (proc_table_sort(&t) < 0) {
		proc_table_done(&t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

void proc_table_done(struct proc_table *t)
{
	free(t->v);
	free(t->by_age);
	*t = (struct proc_table){0};
}

static int cmp_pid(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static int cmp_age(const void *a, const void *b)
{
	const struct process *x = *(const struct process *const *) a;
	const struct process *y = *(const struct process *const *) b;

	if (x->starttime_ticks != y->starttime_ticks)
		return x->starttime_ticks < y->starttime_ticks ? -1 : 1;
	return cmp_pid(x, y);
}

int proc_table_sort(struct proc_table *t)
{
	t->by_age = calloc(t->n + 1, sizeof(struct process *));
	if (!t->by_age)
		return -ENOMEM;
	if (t->n > 0)
		qsort(t->v, t->n, sizeof(*t->v), cmp_pid);
	for (size_t i = 0; i < t->n; i++)
		t->by_age[i] = &t->v[i];
	qsort(t->by_age, t->n, sizeof(struct process *), cmp_age);
	return 0;
}

const struct process *proc_table_find(const struct proc_table *t, int32_t pid)
{
	const struct process key = {.pid = pid};

	return t->n ? bsearch(&key, t->v, t->n, sizeof(*t->v), cmp_pid) : NULL;
}

bool proc_table_has(const struct proc_table *t, int32_t pid, uint64_t starttime_ticks)
{
	const struct process *p = proc_table_find(t, pid);

	return p && p->starttime_ticks == starttime_ticks;
}

const struct process *proc_table_parent(const struct proc_table *t, const struct process *p)
{
	const struct process *parent = p->ppid > 0 ? proc_table_find(t, p->ppid) : NULL;

	/* a table is not read at one instant: the pid may have gone to a newcomer meanwhile */
	return parent && parent->starttime_ticks <= p->starttime_ticks ? parent : NULL;
}

bool proc_is_netns_leader(const struct proc_table *t, const struct process *p)
{
	const struct process *parent;

	if (p->netns == 0)
		return false;
	parent = proc_table_parent(t, p);
	return !parent || parent->netns != p->netns;
}

bool proc_may_be_container(const struct proc_table *t, const struct process *p)
{
	const struct process *parent;

	if (p->netns == 0 || p->ours)
		return false;
	parent = proc_table_parent(t, p);
	return !parent || parent->netns != p->netns || parent->mntns != p->mntns;
}

bool proc_is_kthreadd(const struct process *p)
{
	return p->pid == 2 && p->ppid == 0;
}
