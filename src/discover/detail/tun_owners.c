/* SPDX-License-Identifier: MIT */
#include "discover/detail/tun_owners.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/own.h"
#include "base/grow.h"

void tun_owners_parse(const char *text, char ret[LINK_NAME_MAX])
{
	const char *at = strncmp(text, "iff:", 4) == 0 ? text : strstr(text, "\niff:");
	size_t n;

	ret[0] = '\0';
	if (!at)
		return;
	at = strchr(at, ':') + 1;
	at += strspn(at, " \t");
	n = strcspn(at, "\n");
	if (n >= LINK_NAME_MAX)
		return;
	memcpy(ret, at, n);
	ret[n] = '\0';
}

static int add(struct tun_owners *t, const struct tun_owner *o)
{
	struct tun_owner *v;

	if (t->n >= TUN_OWNERS_MAX)
		return 0;
	v = grow(t->v, t->n, &t->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	t->v = v;
	v[t->n++] = *o;
	return 0;
}

/* Is descriptor @name in @dirfd the device of tun and tap, wherever its file may lie? */
static bool is_tun(int dirfd, const char *name)
{
	char target[256];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target));

	return n >= 4 && memcmp(target + n - 4, "/tun", 4) == 0;
}

static int look_at(struct tun_owners *t, int procfd, const struct process *p, const char *name)
{
	struct tun_owner o = {.proc = p, .fd = (uint32_t) strtoul(name, NULL, 10)};
	char path[64], text[1024];

	(void) snprintf(path, sizeof(path), "%" PRId32 "/fdinfo/%" PRIu32, p->pid, o.fd);
	if (io_read_file(procfd, path, text, sizeof(text)) < 0)
		return 0;
	tun_owners_parse(text, o.name);
	return o.name[0] ? add(t, &o) : 0;
}

static int look_through(struct tun_owners *t, int procfd, const struct process *p)
{
	char path[32];
	const struct dirent *d;
	DIR *dir;
	int fd, rc = 0;

	(void) snprintf(path, sizeof(path), "%" PRId32 "/fd", p->pid);
	fd = openat(procfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		close_p(&fd);
		return 0;
	}
	while (rc == 0 && (d = readdir(dir))) {
		if (is_tun(fd, d->d_name))
			rc = look_at(t, procfd, p, d->d_name);
	}
	(void) closedir(dir);
	return rc;
}

static struct tun_slot *find_slot(struct tun_owners *t, uint32_t id)
{
	for (size_t i = 0; i < TUN_OWNERS_WINDOW; i++) {
		if (t->slots[i].id == id)
			return &t->slots[i];
	}
	return NULL;
}

static int ask(struct tun_owners *t, struct tun_slot *slot)
{
	const struct tun_owner *o = &t->v[t->next];
	struct msg m = {.op = MSG_TUN_ASK, .id = ++t->next_id};
	int rc;

	if (m.id == 0)
		m.id = t->next_id = 1;
	m.u.tun = (struct msg_tun){(uint32_t) o->proc->pid, o->proc->starttime_ticks, o->fd};
	rc = msg_send(t->broker, &m, NULL, 0);
	if (rc < 0)
		return rc;
	*slot = (struct tun_slot){m.id, t->next};
	t->next++;
	t->in_flight++;
	return 0;
}

static int fill_window(struct tun_owners *t)
{
	while (t->next < t->n && t->in_flight < TUN_OWNERS_WINDOW) {
		int rc = ask(t, find_slot(t, 0));

		/* the broker is behind: the next answer brings us here again; if none will come,
		 * then owners are done without */
		if (rc == -EAGAIN && t->in_flight == 0)
			t->next = t->n;
		if (rc < 0)
			return rc == -EAGAIN ? 0 : rc;
	}
	return 0;
}

int tun_owners_start(struct tun_owners *t, int procfd, int broker, const struct proc_table *procs)
{
	int rc = 0;

	tun_owners_stop(t);
	t->broker = broker;
	for (size_t i = 0; i < procs->n && rc == 0; i++) {
		/* kernel threads have no descriptors */
		if (procs->v[i].ppid != 2 && !proc_is_kthreadd(&procs->v[i]))
			rc = look_through(t, procfd, &procs->v[i]);
	}
	return rc < 0 ? rc : fill_window(t);
}

int tun_owners_answer(struct tun_owners *t, const struct msg *m)
{
	struct tun_slot *slot = m->id ? find_slot(t, m->id) : NULL;

	if (!slot)
		return 0;
	t->v[slot->at].netns = m->u.tun_netns;
	*slot = (struct tun_slot){0};
	t->in_flight--;
	return fill_window(t);
}

bool tun_owners_finished(const struct tun_owners *t)
{
	return t->in_flight == 0 && t->next == t->n;
}

void tun_owners_give_up(struct tun_owners *t)
{
	memset(t->slots, 0, sizeof(t->slots));
	t->in_flight = 0;
	t->next = t->n;
}

static int cmp_device(const struct tun_owner *x, const struct tun_owner *y)
{
	if (x->netns != y->netns)
		return x->netns < y->netns ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int cmp_owner(const void *a, const void *b)
{
	const struct tun_owner *x = a, *y = b;
	int rc = cmp_device(x, y);

	return rc ? rc : (x->proc->pid > y->proc->pid) - (x->proc->pid < y->proc->pid);
}

void tun_owners_sort(struct tun_owners *t)
{
	size_t n = 0;

	if (t->n > 0)
		qsort(t->v, t->n, sizeof(*t->v), cmp_owner);
	/* devices with several queues are open several times */
	for (size_t i = 0; i < t->n; i++) {
		if (n == 0 || cmp_owner(&t->v[n - 1], &t->v[i]) != 0)
			t->v[n++] = t->v[i];
	}
	t->n = t->next = n;
}

size_t tun_owners_find(
	const struct tun_owners *t, uint64_t netns, const char *name, const struct tun_owner **ret)
{
	struct tun_owner key = {.netns = netns};
	size_t low = 0, high = t->n, n = 0;

	(void) snprintf(key.name, sizeof(key.name), "%s", name);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cmp_device(&t->v[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + n < t->n && cmp_device(&t->v[low + n], &key) == 0)
		n++;
	*ret = t->v + low;
	return n;
}

void tun_owners_stop(struct tun_owners *t)
{
	uint32_t id = t->next_id;

	free(t->v);
	*t = (struct tun_owners){.broker = -1, .next_id = id};
}
