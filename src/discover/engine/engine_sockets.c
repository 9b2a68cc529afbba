/* SPDX-License-Identifier: MIT */
#include "discover/engine/engine_sockets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ns_link.h"
#include "base/own.h"
#include "base/utf8.h"
#include "discover/host/inode_map.h"
#include "files/root_path.h"
#include "discover/engine/unix_sockets.h"

/* Paths in alphabetical order; the last ones fall out. */
struct paths {
	char *v[ENGINE_SOCKETS_MAX]; /* owned */
	size_t n;
};

static void paths_done(struct paths *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i]);
}

static int paths_add(struct paths *p, const char *path)
{
	size_t i = 0;
	char *copy;

	while (i < p->n && strcmp(p->v[i], path) < 0)
		i++;
	if (i == ENGINE_SOCKETS_MAX || (i < p->n && strcmp(p->v[i], path) == 0))
		return 0;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	if (p->n == ENGINE_SOCKETS_MAX)
		free(p->v[--p->n]);
	memmove(&p->v[i + 1], &p->v[i], (p->n - i) * sizeof(p->v[0]));
	p->v[i] = copy;
	p->n++;
	return 0;
}

/* The inodes of all sockets that @pid has open. */
static int read_socket_inodes(int procfd, int32_t pid, struct inode_map *ret)
{
	char path[32];
	const struct dirent *d;
	int fd, rc = 0;

	(void) snprintf(path, sizeof(path), "%" PRId32 "/fd", pid);
	fd = openat(procfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		rc = -errno;
		close_p(&fd);
		return rc;
	}
	while (rc >= 0 && (d = readdir(dir))) {
		uint64_t inode = ns_link_read(fd, d->d_name, "socket");

		if (inode)
			rc = inode_map_add(ret, inode, 0);
	}
	return rc < 0 ? rc : 0;
}

static int read_paths(int procfd, int32_t pid, const struct inode_map *own, struct paths *ret)
{
	char file[32];
	AUTO_FREE char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	int fd, rc = 0;

	(void) snprintf(file, sizeof(file), "%" PRId32 "/net/unix", pid);
	fd = openat(procfd, file, O_RDONLY | O_CLOEXEC);
	AUTO_FCLOSE FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!f) {
		rc = -errno;
		close_p(&fd);
		return rc;
	}
	while (rc == 0 && (len = getline(&line, &cap, f)) > 0) {
		const char *path;
		uint64_t inode;

		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		path = unix_sockets_parse(line, &inode);
		if (path && inode_map_get(own, inode))
			rc = paths_add(ret, path);
	}
	return rc;
}

/* The path of what @fd is, as /proc/self/fd tells, inside the root @rootfd: NULL without memory or
 * when the two do not fit together. */
static char *resolved_path(int procfd, int rootfd, int fd)
{
	char link[32], root[PATH_MAX], path[PATH_MAX];
	ssize_t n_root, n;

	(void) snprintf(link, sizeof(link), "self/fd/%d", rootfd);
	n_root = readlinkat(procfd, link, root, sizeof(root) - 1);
	(void) snprintf(link, sizeof(link), "self/fd/%d", fd);
	n = readlinkat(procfd, link, path, sizeof(path) - 1);
	if (n_root <= 0 || n <= n_root)
		return NULL;
	path[n] = '\0';
	/* "/" is the root of nearly all */
	if (n_root == 1)
		n_root = 0;
	return memcmp(root, path, (size_t) n_root) == 0 && path[n_root] == '/'
		       ? strdup(path + n_root)
		       : NULL;
}

static void open_all(int procfd, int32_t pid, const struct paths *paths, struct engine_sockets *ret)
{
	AUTO_CLOSE int rootfd = root_path_open(procfd, pid, "/");

	for (size_t i = 0; i < paths->n; i++) {
		struct stat st;
		AUTO_CLOSE int fd = root_path_find(procfd, pid, paths->v[i], &st);
		char *path;

		if (fd < 0 || !S_ISSOCK(st.st_mode))
			continue;
		path = resolved_path(procfd, rootfd, fd);
		if (!path)
			path = strdup(paths->v[i]);
		if (!path)
			continue;
		ret->path[ret->n] = path;
		ret->fd[ret->n++] = TAKE_FD(fd);
	}
}

int engine_sockets_find(int procfd, int32_t pid, struct engine_sockets *ret)
{
	struct engine_sockets s = {.n = 0};
	struct inode_map own = {0};
	struct paths paths = {.n = 0};
	int rc = read_socket_inodes(procfd, pid, &own);

	if (rc == 0)
		rc = read_paths(procfd, pid, &own, &paths);
	if (rc == 0) {
		open_all(procfd, pid, &paths, &s);
		*ret = s;
	}
	paths_done(&paths);
	inode_map_done(&own);
	return rc;
}

void engine_sockets_done(struct engine_sockets *s)
{
	for (size_t i = 0; i < s->n; i++) {
		close_p(&s->fd[i]);
		free(s->path[i]);
	}
	s->n = 0;
}

bool engine_sockets_any(int procfd, int32_t pid)
{
	struct engine_sockets s = {0};
	bool any;

	if (engine_sockets_find(procfd, pid, &s) < 0)
		return false;
	any = s.n > 0;
	engine_sockets_done(&s);
	return any;
}

void engine_sockets_api_path(int32_t pid, const char *path, char ret[ENGINE_API_PATH_MAX])
{
	char all[ENGINE_API_PATH_MAX];

	(void) snprintf(all, sizeof(all), "unix:///proc/%" PRId32 "/root%s", pid, path);
	utf8_sanitize(all, ret, ENGINE_API_PATH_MAX);
}
