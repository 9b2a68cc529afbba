/* SPDX-License-Identifier: MIT */
/* Network namespaces without processes: kept by a mount or by an open descriptor. */
#include "discover/host/netns_set.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/mountinfo.h"
#include "base/ns_link.h"
#include "base/own.h"

static struct ns_ref ref_of(
	uint64_t inode, enum ns_ref_kind kind, const struct process *p, uint32_t index)
{
	return (struct ns_ref){.inode = inode,
		.kind = (uint8_t) kind,
		.pid = (uint32_t) p->pid,
		.starttime_ticks = p->starttime_ticks,
		.index = index};
}

static int add_mount(struct netns_set *s, const struct process *p, const struct nsfs_mount *m)
{
	struct ns_ref ref = ref_of(m->netns, NS_REF_MOUNT, p, m->mount_id);
	char place[MOUNTINFO_POINT_MAX + 32];

	(void) snprintf(
		place, sizeof(place), "/proc/%" PRId32 NETNS_PLACE_MOUNT "%s", p->pid, m->point);
	return netns_set_add(s, &ref, place);
}

/* Returns 1 when the mounts of @p were read, 0 when they could not be, or a negative errno. */
static int add_mounts_of(struct netns_set *s, int procfd, const struct process *p)
{
	char path[32];
	AUTO_FREE char *line = NULL;
	struct nsfs_mount m;
	size_t cap = 0;
	int fd, rc = 0;

	(void) snprintf(path, sizeof(path), "%" PRId32 "/mountinfo", p->pid);
	fd = openat(procfd, path, O_RDONLY | O_CLOEXEC);
	AUTO_FCLOSE FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!f) {
		close_p(&fd);
		return 0;
	}
	while (rc == 0 && getline(&line, &cap, f) >= 0) {
		/* few mounts are namespaces: look before parsing */
		if (strstr(line, " net:[") && mountinfo_parse(line, &m) == 1)
			rc = add_mount(s, p, &m);
	}
	return rc < 0 ? rc : ferror(f) == 0;
}

int netns_set_add_mounts(struct netns_set *s, int procfd, const struct proc_table *procs)
{
	struct inode_map seen = {0};
	int rc = 0;

	for (size_t i = 0; i < procs->n && rc >= 0; i++) {
		const struct process *p = procs->by_age[i];

		if (p->mntns == 0 || inode_map_get(&seen, p->mntns))
			continue;
		rc = add_mounts_of(s, procfd, p);
		/* a process that has just ended: the next one of its mount namespace will do */
		if (rc == 1)
			rc = inode_map_add(&seen, p->mntns, 0);
	}
	inode_map_done(&seen);
	return rc < 0 ? rc : 0;
}

/* Directory entries as getdents(2) gives them. */
struct entries {
	const char *buf;
	size_t len_bytes;
};

/* What an open descriptor leads to, if that is a namespace. */
struct held {
	uint64_t inode; /* 0 = no namespace */
	bool is_guess;
};

/* The file behind a descriptor that shows a path: the namespace was opened where it was mounted,
 * and the path tells nothing about that. Nothing is opened, and no file system is waited for. */
static struct held look_behind(int dirfd, const char *name, const struct stat *nsfs)
{
	struct statx st;

	if (statx(dirfd, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &st) < 0 ||
		makedev(st.stx_dev_major, st.stx_dev_minor) != nsfs->st_dev)
		return (struct held){0};
	return (struct held){.inode = st.stx_ino, .is_guess = true};
}

static struct held look_at(int dirfd, const char *name, const struct stat *nsfs)
{
	char text[64];
	ssize_t n = readlinkat(dirfd, name, text, sizeof(text) - 1);

	if (n <= 0)
		return (struct held){0};
	text[n] = '\0';
	/* devices are the bulk of the paths */
	if (text[0] == '/' && strncmp(text, "/dev/", 5) != 0)
		return look_behind(dirfd, name, nsfs);
	return (struct held){.inode = ns_link_inode(text, "net")};
}

static int add_fd(
	struct netns_set *s, const struct process *p, const struct held *h, const char *name)
{
	struct ns_ref ref = ref_of(h->inode, NS_REF_FD, p, (uint32_t) strtoul(name, NULL, 10));
	char place[64];
	size_t before = s->n;
	int rc;

	(void) snprintf(place, sizeof(place), "/proc/%" PRId32 "/fd/%" PRIu32, p->pid, ref.index);
	rc = netns_set_add(s, &ref, place);
	if (rc == 0 && s->n > before)
		s->v[before].is_guess = h->is_guess;
	return rc;
}

/* Look at the descriptors named in one buffer of directory entries (getdents(2)). */
static int add_entries(struct netns_set *s, const struct process *p, int dirfd,
	const struct stat *nsfs, struct entries e)
{
	int rc = 0;

	for (size_t at = 0; at < e.len_bytes && rc == 0;) {
		const struct dirent64 *d = (const void *) (e.buf + at);
		struct held h = look_at(dirfd, d->d_name, nsfs);

		if (h.inode)
			rc = add_fd(s, p, &h, d->d_name);
		at += d->d_reclen;
	}
	return rc;
}

/* All processes' descriptors are the bulk of a scan: read plainly, without a DIR for each. */
static int add_fds_of(
	struct netns_set *s, int procfd, const struct process *p, const struct stat *nsfs)
{
	char path[32], buf[8192] __attribute__((aligned(8)));
	AUTO_CLOSE int fd = -1;
	ssize_t n;
	int rc = 0;

	(void) snprintf(path, sizeof(path), "%" PRId32 "/fd", p->pid);
	fd = openat(procfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while (rc == 0 && (n = getdents64(fd, buf, sizeof(buf))) > 0)
		rc = add_entries(s, p, fd, nsfs, (struct entries){buf, (size_t) n});
	return rc;
}

int netns_set_add_fds(struct netns_set *s, int procfd, const struct proc_table *procs)
{
	struct stat nsfs;
	int rc = 0;

	if (fstatat(procfd, "self/ns/net", &nsfs, 0) < 0)
		return 0;
	for (size_t i = 0; i < procs->n && rc == 0; i++) {
		const struct process *p = procs->by_age[i];

		/* kernel threads have no descriptors */
		if (!p->ours && p->ppid != 2 && !proc_is_kthreadd(p))
			rc = add_fds_of(s, procfd, p, &nsfs);
	}
	return rc;
}
