/* SPDX-License-Identifier: MIT */
#include "discover_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/own.h"
#include "proto/broker.h"
#include "proto/fdpass.h"

#define WAIT_MS 20000

static void exec_discover(int broker, int catalog)
{
	const char *program = getenv("PACKETFLIX_DISCOVER");
	char b[16], c[16];

	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void) fcntl(broker, F_SETFD, 0);
	(void) fcntl(catalog, F_SETFD, 0);
	(void) snprintf(b, sizeof(b), "%d", broker);
	(void) snprintf(c, sizeof(c), "%d", catalog);
	if (program)
		(void) execl(program, program, "--broker-fd", b, "--catalog-fd", c, (char *) NULL);
	_exit(127);
}

void fixture_start(struct fixture *f)
{
	int broker[2], catalog[2];

	memset(f, 0, sizeof(*f));
	assert_int_equal(fdpass_pair(broker), 0);
	assert_int_equal(fdpass_pair(catalog), 0);
	f->netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	f->discover = fork();
	if (f->discover == 0)
		exec_discover(broker[1], catalog[1]);
	(void) close(broker[1]);
	(void) close(catalog[1]);
	f->broker = broker[0];
	f->catalog = catalog[0];
}

static void forget_generation(struct fixture *f)
{
	json_decref(f->json);
	f->json = NULL;
	catalog_done(&f->table);
}

int fixture_stop(struct fixture *f)
{
	int status = 0;

	close_p(&f->broker);
	assert_int_equal(waitpid(f->discover, &status, 0), f->discover);
	close_p(&f->catalog);
	close_p(&f->netns);
	forget_generation(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The path of a nsfs mount, found the simple way. */
static void mount_path(const struct ns_ref *r, char *ret, size_t cap_bytes)
{
	char file[64], line[8192], root[64], point[4096];
	uint32_t id;

	ret[0] = '\0';
	(void) snprintf(file, sizeof(file), "/proc/%" PRIu32 "/mountinfo", r->pid);
	AUTO_FCLOSE FILE *f = fopen(file, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNu32 " %*s %*s %63s %4095s", &id, root, point) == 3 &&
			id == r->index)
			(void) snprintf(ret, cap_bytes, "/proc/%" PRIu32 "/root%s", r->pid, point);
	}
}

static int open_namespace(const struct ns_ref *r)
{
	char path[8192];

	if (r->kind == NS_REF_PROC)
		(void) snprintf(path, sizeof(path), "/proc/%" PRIu32 "/ns/net", r->pid);
	else if (r->kind == NS_REF_FD)
		(void) snprintf(
			path, sizeof(path), "/proc/%" PRIu32 "/fd/%" PRIu32, r->pid, r->index);
	else
		mount_path(r, path, sizeof(path));
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void answer(struct fixture *f, const struct msg *request)
{
	struct msg m = {.op = MSG_NETLINK_OPENED, .id = request->id};
	AUTO_CLOSE int ns = open_namespace(&request->u.ns_ref);
	AUTO_CLOSE int sock = -1;

	if (f->is_silent)
		return;
	if (f->pauses > 0 && f->pauses--)
		(void) poll(NULL, 0, FIXTURE_PAUSE_MS);
	if (!f->refuses && ns >= 0 && setns(ns, CLONE_NEWNET) == 0) {
		sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
		assert_int_equal(setns(f->netns, CLONE_NEWNET), 0);
	}
	m.u.netlink_opened = (struct msg_netlink_opened){{sock < 0 ? -ESRCH : 0, ""}, -1};
	assert_int_equal(msg_send(f->broker, &m, &sock, sock >= 0), 0);
}

/* As where the kernel does not tell of changes. */
static void refuse_events(struct fixture *f, const struct msg *request)
{
	const struct msg m = {
		.op = MSG_EVENTS_OPENED, .id = request->id, .u.status = {-EPERM, "no events"}};

	assert_int_equal(msg_send(f->broker, &m, NULL, 0), 0);
}

static void serve_broker(struct fixture *f)
{
	for (;;) {
		AUTO_FDSET struct fdset fds = FDSET_NONE;
		struct msg m;
		int rc = msg_recv(f->broker, &m, &fds);

		if (rc == -EAGAIN)
			return;
		assert_int_equal(rc, 1);
		if (m.op == MSG_EVENTS_OPEN) {
			refuse_events(f, &m);
			continue;
		}
		assert_int_equal(m.op, MSG_NETLINK_OPEN);
		answer(f, &m);
	}
}

/* The bytes of a sealed memfd, which nobody may be able to change. */
static char *read_sealed(int fd, size_t *ret_len_bytes)
{
	off_t n = lseek(fd, 0, SEEK_END);
	char *p = malloc((size_t) n + 1);

	assert_int_equal(
		fcntl(fd, F_GET_SEALS), F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
	assert_int_equal(pread(fd, p, (size_t) n, 0), n);
	*ret_len_bytes = (size_t) n;
	return p;
}

static void take_generation(struct fixture *f, const struct msg *m, const struct fdset *fds)
{
	size_t json_len, table_len;

	assert_int_equal(m->op, MSG_CATALOG);
	assert_int_equal(fds->n, m->u.catalog.documents ? 3 : 2);
	forget_generation(f);
	AUTO_FREE char *json = read_sealed(fds->fd[0], &json_len);
	AUTO_FREE char *table = read_sealed(fds->fd[1], &table_len);
	f->json = json_loadb(json, json_len, 0, NULL);
	assert_non_null(f->json);
	assert_int_equal(catalog_decode((const uint8_t *) table, table_len, &f->table), 0);
	assert_true(m->u.catalog.generation > f->generation || f->generation == 0);
	f->generation = m->u.catalog.generation;
	f->id = m->id;
}

void fixture_next(struct fixture *f)
{
	int64_t end_ns = clock_mono_ns() + (int64_t) WAIT_MS * 1000000;

	while (clock_mono_ns() < end_ns) {
		struct pollfd p[] = {{f->broker, POLLIN, 0}, {f->catalog, POLLIN, 0}};
		AUTO_FDSET struct fdset fds = FDSET_NONE;
		struct msg m;
		int rc;

		(void) poll(p, 2, 1000);
		serve_broker(f);
		rc = msg_recv(f->catalog, &m, &fds);
		if (rc == -EAGAIN)
			continue;
		assert_int_equal(rc, 1);
		/* that a newer one will come */
		if (m.op == MSG_OUTDATED)
			continue;
		take_generation(f, &m, &fds);
		return;
	}
	fail_msg("no generation came");
}

void fixture_refresh(struct fixture *f)
{
	struct msg m = {.op = MSG_REFRESH, .id = ++f->asked};

	assert_int_equal(msg_send(f->catalog, &m, NULL, 0), 0);
	do
		fixture_next(f);
	while (f->id < f->asked);
}

void fixture_new_channel(struct fixture *f)
{
	const struct msg m = {.op = MSG_CATALOG_CHANNEL};
	int pair[2];

	assert_int_equal(fdpass_pair(pair), 0);
	assert_int_equal(msg_send(f->broker, &m, &pair[1], 1), 0);
	(void) close(pair[1]);
	close_p(&f->catalog);
	f->catalog = pair[0];
	f->asked = 0;
}

const json_t *fixture_target(const struct fixture *f, const char *name)
{
	const json_t *all = json_object_get(f->json, "containers");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *t = json_array_get(all, i);

		if (strcmp(json_string_value(json_object_get(t, "name")), name) == 0)
			return t;
	}
	return NULL;
}

pid_t fixture_fork(const char *comm, void (*fn)(void *arg), void *arg)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void) prctl(PR_SET_NAME, comm);
		(void) close(ready[0]);
		fn(arg);
		(void) !write(ready[1], "x", 1);
		for (;;)
			(void) pause();
	}
	(void) close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void) close(ready[0]);
	return pid;
}

void fixture_kill(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

void fixture_unshare_net(void *unused)
{
	(void) unused;
	if (unshare(CLONE_NEWNET) < 0)
		_exit(1);
}
