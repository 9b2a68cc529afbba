/* SPDX-License-Identifier: MIT */
#include "files/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"

#define DEPTH_MAX 64 /* directories below the root */
#define LINKS_MAX 40 /* symbolic links on the way, as in the kernel */

/* A walk from a root downwards. Every directory on the way is held, so that ".." is the one we came
 * from, wherever its owner may have moved it meanwhile, and never leads above the root. */
struct walk {
	int fd[DEPTH_MAX + 1]; /* owned; fd[0] is the root */
	int depth;             /* of the newest */
	int links;
	char rest[PATH_MAX]; /* what is still to be walked */
};

static void climb_to(struct walk *w, int depth)
{
	while (w->depth > depth)
		(void) close(w->fd[w->depth--]);
}

static void walk_done(struct walk *w)
{
	climb_to(w, -1);
}

/* Go on with what symbolic link @fd holds, then with the rest. */
static int follow(struct walk *w, int fd)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);
	size_t rest = strlen(w->rest);

	if (n < 0)
		return -errno;
	if (n == 0)
		return -ENOENT;
	if (++w->links > LINKS_MAX)
		return -ELOOP;
	if ((size_t) n + 1 + rest >= sizeof(w->rest))
		return -ENAMETOOLONG;
	if (target[0] == '/')
		climb_to(w, 0);
	memmove(w->rest + n + 1, w->rest, rest + 1);
	memcpy(w->rest, target, (size_t) n);
	w->rest[n] = '/';
	return 0;
}

/* One step to @name. Returns 0 or a negative errno. */
static int step(struct walk *w, const char *name)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		climb_to(w, w->depth > 0 ? w->depth - 1 : 0);
		return 0;
	}
	fd = openat(w->fd[w->depth], name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return follow(w, fd);
	if (w->depth == DEPTH_MAX)
		return -ENAMETOOLONG;
	w->fd[++w->depth] = TAKE_FD(fd);
	return 0;
}

static int walk(struct walk *w)
{
	char name[NAME_MAX + 1];

	for (;;) {
		char *at = w->rest + strspn(w->rest, "/");
		size_t n = strcspn(at, "/");
		int rc;

		if (n == 0)
			return 0;
		if (n > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, at, n);
		name[n] = '\0';
		memmove(w->rest, at + n, strlen(at + n) + 1);
		rc = step(w, name);
		if (rc < 0)
			return rc;
	}
}

int walk_open(int root, const char *path)
{
	struct walk w = {.depth = -1};
	int fd, rc;

	if (strlen(path) >= sizeof(w.rest))
		return -ENAMETOOLONG;
	memcpy(w.rest, path, strlen(path) + 1);
	w.fd[0] = fcntl(root, F_DUPFD_CLOEXEC, 0);
	if (w.fd[0] < 0)
		return -errno;
	w.depth = 0;
	rc = walk(&w);
	fd = rc < 0 ? rc : w.fd[w.depth--];
	walk_done(&w);
	return fd;
}
