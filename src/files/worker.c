/* SPDX-License-Identifier: MIT */
#include "files/worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "files/walk.h"
#include "proto/fdpass.h"

#define COPY_BYTES 65536

static int reopen(int place, int flags)
{
	char name[48];
	int fd;

	(void) snprintf(name, sizeof(name), "/proc/self/fd/%d", place);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
	return fd < 0 ? -errno : fd;
}

static int write_all(int fd, const void *bytes, size_t len)
{
	return write(fd, bytes, len) == (ssize_t) len ? 0 : -EIO;
}

/* Copy at most @max_bytes of @from. Returns their number or a negative errno. */
static ssize_t copy(int from, int to, size_t max_bytes)
{
	char buf[COPY_BYTES];
	size_t done = 0;

	while (done < max_bytes) {
		size_t want = max_bytes - done < sizeof(buf) ? max_bytes - done : sizeof(buf);
		ssize_t n = read(from, buf, want);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		if (write_all(to, buf, (size_t) n) < 0)
			return -EIO;
		done += (size_t) n;
	}
	return (ssize_t) done;
}

/* Returns the length or a negative errno. */
static ssize_t read_file(int place, const struct stat *st, size_t max_bytes, int to)
{
	AUTO_CLOSE int fd = -1;

	if (!S_ISREG(st->st_mode))
		return -EINVAL;
	/* O_NONBLOCK: the owner of the file may have a lease on it */
	fd = reopen(place, 0);
	return fd < 0 ? fd : copy(fd, to, max_bytes);
}

static ssize_t list(int place, size_t max_bytes, int to)
{
	AUTO_CLOSE int fd = reopen(place, O_DIRECTORY);
	AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;
	size_t done = 0;

	if (!dir)
		return fd < 0 ? fd : -errno;
	(void) TAKE_FD(fd);
	while ((d = readdir(dir))) {
		const struct worker_name n = {.inode = d->d_ino,
			.len_bytes = (uint16_t) (strlen(d->d_name) + 1),
			.type = d->d_type};

		if (sizeof(n) + n.len_bytes > max_bytes - done)
			break;
		if (write_all(to, &n, sizeof(n)) < 0 || write_all(to, d->d_name, n.len_bytes) < 0)
			return -EIO;
		done += sizeof(n) + n.len_bytes;
	}
	return (ssize_t) done;
}

/* connect(2) asks the file system of a socket for its mode. */
static int check_socket(int place, const struct stat *st)
{
	struct statfs fs;

	if (!S_ISSOCK(st->st_mode))
		return 0;
	if (fstatfs(place, &fs) < 0)
		return -errno;
	return fs.f_type == FUSE_SUPER_MAGIC ? -EREMOTE : 0;
}

/* Perform @ask. Gives back the descriptor that goes along with @ret, -1 = none. */
static int perform(const struct worker_ask *ask, int root, struct worker_answer *ret)
{
	AUTO_CLOSE int place = walk_open(root, ask->path);
	AUTO_CLOSE int to = -1;
	ssize_t rc = place < 0 ? place : fstat(place, &ret->st) < 0 ? -errno : 0;

	if (rc == 0 && (ask->op == WORKER_READ || ask->op == WORKER_LIST)) {
		to = memfd_create("packetflix-file", MFD_CLOEXEC);
		rc = to < 0 ? -errno : 0;
	}
	if (rc == 0 && ask->op == WORKER_OPEN)
		rc = check_socket(place, &ret->st);
	else if (rc == 0 && ask->op == WORKER_READ)
		rc = read_file(place, &ret->st, ask->max_bytes, to);
	else if (rc == 0 && ask->op == WORKER_LIST)
		rc = list(place, ask->max_bytes, to);
	else if (rc == 0 && !S_ISREG(ret->st.st_mode))
		rc = -EINVAL;
	ret->status = rc < 0 ? (int32_t) rc : 0;
	ret->len_bytes = rc < 0 ? 0 : (uint32_t) rc;
	if (rc < 0)
		return -1;
	return ask->op == WORKER_OPEN ? TAKE_FD(place) : TAKE_FD(to);
}

static void set_alarm(int ms)
{
	const struct itimerval t = {.it_value = {ms / 1000, ms % 1000 * 1000}};

	if (setitimer(ITIMER_REAL, &t, NULL) < 0)
		_exit(1);
}

/* Serve one request. Returns false when there will be no more. */
static bool serve(int sock)
{
	struct worker_ask ask;
	struct worker_answer answer = {0};
	struct pollfd p = {.fd = sock, .events = POLLIN};
	AUTO_FDSET struct fdset fds = FDSET_NONE;
	AUTO_CLOSE int fd = -1;
	ssize_t n;

	if (poll(&p, 1, -1) < 0)
		return errno == EINTR;
	n = fdpass_recv(sock, &ask, sizeof(ask), &fds);
	if (n <= (ssize_t) offsetof(struct worker_ask, path) || fds.n != 1)
		return false;
	ask.path[n - (ssize_t) offsetof(struct worker_ask, path) - 1] = '\0';
	set_alarm(WORKER_WAIT_MS);
	fd = perform(&ask, fds.fd[0], &answer);
	set_alarm(0);
	return fdpass_send(sock, &answer, sizeof(answer), &fd, fd >= 0 ? 1 : 0) == 0;
}

/* Leave everything of the caller but @sock and standard error. */
static void leave_all_but(int sock)
{
	sigset_t none;

	(void) sigemptyset(&none);
	if ((sock > 3 && close_range(3, (unsigned int) sock - 1, 0) < 0) ||
		close_range((unsigned int) sock + 1, ~0U, 0) < 0 ||
		signal(SIGALRM, SIG_DFL) == SIG_ERR || signal(SIGTERM, SIG_DFL) == SIG_ERR ||
		sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		_exit(1);
}

/* The child of the caller ends at once, so that the worker is no child of it. */
static void run_child(int sock)
{
	pid_t pid = fork();

	if (pid != 0)
		_exit(pid < 0);
	leave_all_but(sock);
	while (serve(sock))
		;
	_exit(0);
}

int worker_start(void)
{
	int pair[2], rc = fdpass_pair(pair);
	pid_t pid;

	if (rc < 0)
		return rc;
	pid = fork();
	if (pid == 0)
		run_child(pair[1]);
	rc = pid < 0 ? -errno : 0;
	close_p(&pair[1]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (rc < 0) {
		close_p(&pair[0]);
		return rc;
	}
	return pair[0];
}
