/* SPDX-License-Identifier: MIT */
#include "discover/detail/socket_owners.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ns_link.h"
#include "base/own.h"
#include "base/grow.h"

int socket_owners_want(struct socket_owners *o, uint64_t inode)
{
	int rc = inode_map_add(&o->wanted, inode, 0);

	return rc < 0 ? rc : 0;
}

static int add(struct socket_owners *o, uint64_t inode, const struct process *p)
{
	struct socket_owner *v;

	if (o->n >= SOCKET_OWNERS_ALL)
		return 0;
	v = grow(o->v, o->n, &o->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	o->v = v;
	v[o->n++] = (struct socket_owner){inode, p};
	return 0;
}

/* Look at the descriptors named in the @len_bytes bytes of directory entries at @buf. */
static int add_entries(struct socket_owners *o, const struct process *p, int dirfd, const char *buf,
	size_t len_bytes)
{
	int rc = 0;

	for (size_t at = 0; at < len_bytes && rc == 0 && o->fds < SOCKET_OWNERS_FDS; o->fds++) {
		const struct dirent64 *d = (const void *) (buf + at);
		uint64_t inode = ns_link_read(dirfd, d->d_name, "socket");

		if (inode && inode_map_get(&o->wanted, inode))
			rc = add(o, inode, p);
		at += d->d_reclen;
	}
	return rc;
}

static int add_process(struct socket_owners *o, int procfd, const struct process *p)
{
	char path[32], buf[8192] __attribute__((aligned(8)));
	AUTO_CLOSE int fd = -1;
	ssize_t n;
	int rc = 0;

	(void) snprintf(path, sizeof(path), "%" PRId32 "/fd", p->pid);
	fd = openat(procfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while (rc == 0 && o->fds < SOCKET_OWNERS_FDS && (n = getdents64(fd, buf, sizeof(buf))) > 0)
		rc = add_entries(o, p, fd, buf, (size_t) n);
	return rc;
}

static int cmp_owner(const void *a, const void *b)
{
	const struct socket_owner *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode > y->inode ? 1 : -1;
	return (x->proc->pid > y->proc->pid) - (x->proc->pid < y->proc->pid);
}

/* Keep each pair once, and not too many of one socket. */
static void sort(struct socket_owners *o)
{
	size_t kept = 0, of_socket = 0;

	if (o->n > 0)
		qsort(o->v, o->n, sizeof(*o->v), cmp_owner);
	for (size_t i = 0; i < o->n; i++) {
		bool same_socket = i > 0 && o->v[i].inode == o->v[i - 1].inode;

		if (same_socket && o->v[i].proc == o->v[i - 1].proc)
			continue;
		of_socket = same_socket ? of_socket + 1 : 1;
		if (of_socket <= SOCKET_OWNERS_MAX)
			o->v[kept++] = o->v[i];
	}
	o->n = kept;
}

int socket_owners_read(
	struct socket_owners *o, int procfd, const struct proc_table *procs, struct yield *yield)
{
	int rc = 0;

	for (size_t i = 0; o->wanted.n > 0 && i < procs->n && rc == 0; i++) {
		const struct process *p = &procs->v[i];

		/* kernel threads have no descriptors */
		if (p->ppid != 2 && !proc_is_kthreadd(p))
			rc = add_process(o, procfd, p);
		yield_point(yield);
	}
	sort(o);
	return rc;
}

void socket_owners_done(struct socket_owners *o)
{
	inode_map_done(&o->wanted);
	free(o->v);
	*o = (struct socket_owners){0};
}

size_t socket_owners_find(
	const struct socket_owners *o, uint64_t inode, const struct socket_owner **ret)
{
	size_t low = 0, high = o->n, n = 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (o->v[mid].inode < inode)
			low = mid + 1;
		else
			high = mid;
	}
	while (low + n < o->n && o->v[low + n].inode == inode)
		n++;
	*ret = n > 0 ? &o->v[low] : NULL;
	return n;
}
