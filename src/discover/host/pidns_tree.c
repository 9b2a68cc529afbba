/* SPDX-License-Identifier: MIT */
#include "discover/host/pidns_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ns_link.h"
#include "base/own.h"
#include "base/grow.h"
#include "discover/host/inode_map.h"

void pidns_tree_done(struct pidns_tree *t)
{
	free(t->v);
	free(t->of_process);
	*t = (struct pidns_tree){0};
}

static uint64_t inode_of(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* Returns 1 when it is new, 0 when it is there already, or -ENOMEM. */
static int add(struct pidns_tree *t, struct inode_map *seen, uint64_t inode)
{
	struct pidns *v;
	int rc = inode_map_add(seen, inode, (uint32_t) t->n);

	if (rc <= 0)
		return rc;
	v = grow(t->v, t->n, &t->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	t->v = v;
	v[t->n++] = (struct pidns){.inode = inode};
	return 1;
}

/* Add the namespace held by @fd and those around it, as far as they are new. The descriptors are
 * closed at once: they would keep the namespaces alive. */
static int add_with_parents(struct pidns_tree *t, struct inode_map *seen, int fd)
{
	AUTO_CLOSE int at = fd;
	int rc = 0;

	for (uint64_t inode = inode_of(at); inode; inode = inode_of(at)) {
		int parent;

		rc = add(t, seen, inode);
		if (rc <= 0)
			break;
		parent = ioctl(at, NS_GET_PARENT);
		close_p(&at);
		at = parent; /* fails at our own namespace: nobody sees further up */
		t->v[t->n - 1].parent_inode = inode_of(at);
	}
	return rc < 0 ? rc : 0;
}

static int add_process(
	struct pidns_tree *t, struct inode_map *seen, int procfd, const struct process *p)
{
	char path[32];
	int fd;

	(void) snprintf(path, sizeof(path), "%" PRId32 "/ns/pid", p->pid);
	fd = openat(procfd, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? 0 : add_with_parents(t, seen, fd);
}

static int read_all(struct pidns_tree *t, struct inode_map *seen, int procfd,
	const struct proc_table *procs, struct yield *yield)
{
	int rc = 0;

	t->of_process = calloc(procs->n + 1, sizeof(*t->of_process));
	if (!t->of_process)
		return -ENOMEM;
	for (size_t i = 0; i < procs->n && rc == 0; i++) {
		char path[32];

		(void) snprintf(path, sizeof(path), "%" PRId32 "/ns/pid", procs->v[i].pid);
		t->of_process[i] = ns_link_read(procfd, path, "pid");
		if (t->of_process[i] && !inode_map_get(seen, t->of_process[i]))
			rc = add_process(t, seen, procfd, &procs->v[i]);
		yield_point(yield);
	}
	return rc;
}

static int cmp_pidns(const void *a, const void *b)
{
	const struct pidns *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

static uint32_t find(const struct pidns_tree *t, uint64_t inode)
{
	const struct pidns key = {.inode = inode};
	const struct pidns *p = inode ? bsearch(&key, t->v, t->n, sizeof(*p), cmp_pidns) : NULL;

	return p ? (uint32_t) (p - t->v) : PIDNS_NONE;
}

void pidns_tree_link(struct pidns_tree *t)
{
	if (t->n == 0)
		return;
	qsort(t->v, t->n, sizeof(*t->v), cmp_pidns);
	for (size_t i = 0; i < t->n; i++) {
		t->v[i].parent = find(t, t->v[i].parent_inode);
		t->v[i].first_child = t->v[i].next_sibling = PIDNS_NONE;
	}
	/* backwards, so that each list begins with its smallest */
	for (size_t i = t->n; i-- > 0;) {
		struct pidns *parent = t->v[i].parent == PIDNS_NONE ? NULL : &t->v[t->v[i].parent];

		if (!parent)
			continue;
		t->v[i].next_sibling = parent->first_child;
		parent->first_child = (uint32_t) i;
	}
}

int pidns_tree_read(
	int procfd, const struct proc_table *procs, struct yield *yield, struct pidns_tree *ret)
{
	struct pidns_tree t = {0};
	struct inode_map seen = {0};
	int rc = read_all(&t, &seen, procfd, procs, yield);

	inode_map_done(&seen);
	if (rc < 0) {
		pidns_tree_done(&t);
		return rc;
	}
	pidns_tree_link(&t);
	*ret = t;
	return 0;
}
