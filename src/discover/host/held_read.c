/* SPDX-License-Identifier: MIT */
#include "discover/host/held_read.h"

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
#include "base/utf8.h"
#include "base/grow.h"
#include "discover/host/netns_set.h"

static struct ns_ref ref_of(
	uint64_t inode, enum ns_ref_kind kind, const struct process *p, uint32_t index)
{
	return (struct ns_ref){.inode = inode,
		.kind = (uint8_t) kind,
		.pid = (uint32_t) p->pid,
		.starttime_ticks = p->starttime_ticks,
		.index = index};
}

static int add(struct held **v, size_t *n, size_t *cap, const struct held *h)
{
	size_t len = strlen(h->place) + 1;
	struct held *more;
	char *place;

	if (*n >= HELD_MAX)
		return 0;
	more = grow(*v, *n, cap, sizeof(*more));
	place = more ? malloc(len) : NULL;
	if (more)
		*v = more;
	if (!place)
		return -ENOMEM;
	memcpy(place, h->place, len);
	more[*n] = *h;
	more[(*n)++].place = place;
	return 0;
}

int held_add_mount(struct held_list *l, const struct held *h)
{
	return add(&l->mounts, &l->n_mounts, &l->cap_mounts, h);
}

int held_add_fd(struct held_list *l, const struct held *h)
{
	return add(&l->fds, &l->n_fds, &l->cap_fds, h);
}

static int add_mount(struct held_list *l, const struct process *p, const struct nsfs_mount *m)
{
	char place[MOUNTINFO_POINT_MAX + 32];
	const struct held h = {
		.ref = ref_of(m->netns, NS_REF_MOUNT, p, m->mount_id), .place = place};

	(void) snprintf(
		place, sizeof(place), "/proc/%" PRId32 NETNS_PLACE_MOUNT "%s", p->pid, m->point);
	return held_add_mount(l, &h);
}

int held_read_mounts(struct held_list *l, int procfd, const struct process *p)
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
			rc = add_mount(l, p, &m);
	}
	return rc < 0 ? rc : ferror(f) == 0;
}

/* Directory entries as getdents(2) gives them. */
struct entries {
	const char *buf;
	size_t len_bytes;
};

/* What an open descriptor leads to, if that is a namespace. */
struct lead {
	uint64_t inode; /* 0 = no namespace */
	bool is_guess;
};

/* The file behind a descriptor that shows a path: the namespace was opened where it was mounted,
 * and the path tells nothing about that. Nothing is opened, and no file system is waited for. */
static struct lead look_behind(int dirfd, const char *name, dev_t nsfs)
{
	struct statx st;

	if (statx(dirfd, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &st) < 0 ||
		makedev(st.stx_dev_major, st.stx_dev_minor) != nsfs)
		return (struct lead){0};
	return (struct lead){.inode = st.stx_ino, .is_guess = true};
}

static struct lead look_at(int dirfd, const char *name, dev_t nsfs)
{
	char text[64];
	ssize_t n = readlinkat(dirfd, name, text, sizeof(text) - 1);

	if (n <= 0)
		return (struct lead){0};
	text[n] = '\0';
	/* devices are the bulk of the paths */
	if (text[0] == '/' && strncmp(text, "/dev/", 5) != 0)
		return look_behind(dirfd, name, nsfs);
	return (struct lead){.inode = ns_link_inode(text, "net")};
}

static int add_fd(
	struct held_list *l, const struct process *p, const struct lead *to, const char *name)
{
	struct ns_ref ref = ref_of(to->inode, NS_REF_FD, p, (uint32_t) strtoul(name, NULL, 10));
	char place[64];
	const struct held h = {.ref = ref, .place = place, .is_guess = to->is_guess};

	(void) snprintf(place, sizeof(place), "/proc/%" PRId32 "/fd/%" PRIu32, p->pid, ref.index);
	return held_add_fd(l, &h);
}

/* Look at the descriptors named in one buffer of directory entries (getdents(2)). */
static int add_entries(
	struct held_list *l, const struct process *p, int dirfd, dev_t nsfs, struct entries e)
{
	int rc = 0;

	for (size_t at = 0; at < e.len_bytes && rc == 0;) {
		const struct dirent64 *d = (const void *) (e.buf + at);
		struct lead to = look_at(dirfd, d->d_name, nsfs);

		if (to.inode)
			rc = add_fd(l, p, &to, d->d_name);
		at += d->d_reclen;
	}
	return rc;
}

/* All processes' descriptors are the bulk of a scan: read plainly, without a DIR for each. */
int held_read_fds(struct held_list *l, int procfd, const struct process *p, dev_t nsfs)
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
		rc = add_entries(l, p, fd, nsfs, (struct entries){buf, (size_t) n});
	return rc;
}
