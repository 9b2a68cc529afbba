/* SPDX-License-Identifier: MIT */
#include "files/root_path.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "files/pauses.h"
#include "files/worker.h"
#include "proto/fdpass.h"

/* The one worker of this process. Like the descriptors it holds it belongs to the process; all
 * callers share the limits. */
static struct {
	int sock; /* owned; valid while @runs */
	bool runs;
	struct pauses pauses;
} worker;

/* One operation. */
struct job {
	struct worker_ask ask;
	struct worker_answer answer;
	int fd; /* owned, of the answer; -1 = none */
};

/* FNV-1a, of a root and the directory of @path. Never 0. */
static uint64_t place_of(int root, const char *path)
{
	const char *slash = strrchr(path, '/');
	uint64_t h = 14695981039346656037U;
	struct statx st = {0};

	/* AT_STATX_DONT_SYNC: no request to the server of a file system */
	(void) statx(root, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &st);
	h = (h ^ st.stx_mnt_id) * 1099511628211U;
	h = (h ^ st.stx_ino) * 1099511628211U;
	for (const char *c = path; slash && c < slash; c++)
		h = (h ^ (unsigned char) *c) * 1099511628211U;
	return h ? h : 1;
}

static void end_worker(void)
{
	close_p(&worker.sock);
	worker.runs = false;
}

static int send_ask(const struct worker_ask *ask, int root)
{
	size_t len = offsetof(struct worker_ask, path) + strlen(ask->path) + 1;
	int rc;

	/* the former one may have been ended meanwhile, by SIGTERM for all processes say */
	for (int i = 0; i < 2; i++) {
		if (!worker.runs) {
			rc = worker_start();
			if (rc < 0)
				return rc;
			worker.sock = rc;
			worker.runs = true;
		}
		rc = fdpass_send(worker.sock, ask, len, &root, 1);
		if (rc == 0)
			return 0;
		end_worker();
	}
	return -EIO;
}

/* Wait until the worker has answered or ended. Returns false when the time is over. */
static bool wait_answer(int64_t end_ns)
{
	for (;;) {
		struct pollfd p = {.fd = worker.sock, .events = POLLIN};
		int64_t left_ns = end_ns - clock_mono_ns();
		int n = poll(&p, 1, left_ns <= 0 ? 0 : (int) ((left_ns + 999999) / 1000000));

		if (n > 0)
			return true;
		if (n == 0 && left_ns <= 0)
			return false;
	}
}

static int receive(struct job *job)
{
	AUTO_FDSET struct fdset fds = FDSET_NONE;
	ssize_t n = fdpass_recv(worker.sock, &job->answer, sizeof(job->answer), &fds);

	if (n == (ssize_t) sizeof(job->answer)) {
		job->fd = fdset_take(&fds, 0);
		return job->answer.status;
	}
	end_worker();
	/* SIGALRM comes at the same time as our own deadline */
	return n == 0 ? -ETIMEDOUT : -EIO;
}

/* Have @job done at @root. Returns 0 or a negative errno. */
static int perform(struct job *job, int root, const char *path)
{
	int64_t began_ns = clock_mono_ns(), now_ns;
	uint64_t place = place_of(root, path);
	int rc;

	job->fd = -1;
	if (strlen(path) >= sizeof(job->ask.path))
		return -ENAMETOOLONG;
	memcpy(job->ask.path, path, strlen(path) + 1);
	if (!pauses_allow(&worker.pauses, place, began_ns))
		return -EBUSY;
	rc = send_ask(&job->ask, root);
	if (rc < 0)
		return rc;
	if (!wait_answer(began_ns + (int64_t) WORKER_WAIT_MS * 1000000)) {
		pauses_note_blocked(&worker.pauses, place, clock_mono_ns(), worker.sock);
		worker.runs = false;
		return -ETIMEDOUT;
	}
	rc = receive(job);
	now_ns = clock_mono_ns();
	pauses_note(&worker.pauses, place, now_ns, now_ns - began_ns);
	return rc;
}

int root_path_root(int procfd, int32_t pid)
{
	char root[32];
	int fd;

	(void) snprintf(root, sizeof(root), "%" PRId32 "/root", pid);
	fd = openat(procfd, root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int find(int root, const char *path, struct stat *ret)
{
	struct job job = {.ask = {.op = WORKER_OPEN}};
	int rc = root < 0 ? root : perform(&job, root, path);

	if (rc < 0)
		return rc;
	if (job.fd < 0)
		return -EMFILE;
	if (ret)
		*ret = job.answer.st;
	return job.fd;
}

int root_path_open_at(int root, const char *path)
{
	return find(root, path, NULL);
}

int root_path_open(int procfd, int32_t pid, const char *path)
{
	return root_path_find(procfd, pid, path, NULL);
}

int root_path_find(int procfd, int32_t pid, const char *path, struct stat *ret)
{
	AUTO_CLOSE int root = root_path_root(procfd, pid);

	return find(root, path, ret);
}

int root_path_stat(int root, const char *path, struct stat *ret)
{
	struct job job = {.ask = {.op = WORKER_STAT}};
	int rc = perform(&job, root, path);

	close_p(&job.fd);
	if (rc == 0)
		*ret = job.answer.st;
	return rc;
}

/* Perform READ or LIST for at most @cap_bytes into @ret. Returns the length or a negative errno. */
static ssize_t get_bytes(struct job *job, int root, const char *path, char *ret, size_t cap_bytes)
{
	AUTO_CLOSE int fd = -1;
	size_t len;
	int rc;

	job->ask.max_bytes = (uint32_t) cap_bytes;
	rc = perform(job, root, path);
	fd = TAKE_FD(job->fd);
	if (rc < 0)
		return rc;
	len = job->answer.len_bytes;
	if (fd < 0 || len > cap_bytes)
		return -EIO;
	return pread(fd, ret, len, 0) == (ssize_t) len ? (ssize_t) len : -EIO;
}

ssize_t root_path_read_at(int root, const char *path, char *ret, size_t cap_bytes)
{
	struct job job = {.ask = {.op = WORKER_READ}};
	ssize_t n = get_bytes(&job, root, path, ret, cap_bytes);

	if (n == (ssize_t) cap_bytes)
		n = -E2BIG;
	if (n >= 0)
		ret[n] = '\0';
	return n;
}

ssize_t root_path_read_start(int root, const char *path, char *ret, size_t cap_bytes)
{
	struct job job = {.ask = {.op = WORKER_READ}};
	ssize_t n = get_bytes(&job, root, path, ret, cap_bytes - 1);

	if (n >= 0)
		ret[n] = '\0';
	return n;
}

ssize_t root_path_read(int procfd, int32_t pid, const char *path, char *ret, size_t cap_bytes)
{
	AUTO_CLOSE int root = root_path_root(procfd, pid);

	return root < 0 ? root : root_path_read_at(root, path, ret, cap_bytes);
}

int root_path_list(int root, const char *path, struct root_list *ret)
{
	struct job job = {.ask = {.op = WORKER_LIST}};
	AUTO_FREE char *bytes = malloc(ROOT_PATH_LIST_BYTES);
	ssize_t n;

	if (!bytes)
		return -ENOMEM;
	n = get_bytes(&job, root, path, bytes, ROOT_PATH_LIST_BYTES);
	if (n < 0)
		return (int) n;
	*ret = (struct root_list){.bytes = bytes, .len_bytes = (size_t) n};
	bytes = NULL;
	return 0;
}

bool root_list_next(struct root_list *l, struct root_entry *ret)
{
	struct worker_name n;

	if (l->len_bytes - l->at < sizeof(n))
		return false;
	memcpy(&n, l->bytes + l->at, sizeof(n));
	l->at += sizeof(n);
	if (n.len_bytes == 0 || n.len_bytes > l->len_bytes - l->at)
		return false;
	*ret = (struct root_entry){.inode = n.inode, .name = l->bytes + l->at, .type = n.type};
	l->at += n.len_bytes;
	return true;
}

void root_list_done(struct root_list *l)
{
	free(l->bytes);
	*l = (struct root_list){0};
}
