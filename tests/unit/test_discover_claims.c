/* SPDX-License-Identifier: MIT */
/* Claims of engines that do not run as root: valid for processes of the same user and of user
 * namespaces which that user made, not valid if that cannot be checked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "discover/container/container.h"
#include "discover/host/userns.h"

#define ENGINE_PID  50
#define CLAIMED_PID 100

/* A process in a made-up proc file system; its namespace is unreadable if @userns is NULL. */
static void put_process(int procfd, int pid, unsigned int uid, const char *userns)
{
	char path[64];
	int fd;

	(void) snprintf(path, sizeof(path), "%d", pid);
	assert_int_equal(mkdirat(procfd, path, 0700), 0);
	(void) snprintf(path, sizeof(path), "%d/ns", pid);
	assert_int_equal(mkdirat(procfd, path, 0700), 0);
	(void) snprintf(path, sizeof(path), "%d/ns/pid", pid);
	assert_int_equal(symlinkat("pid:[9]", procfd, path), 0);
	(void) snprintf(path, sizeof(path), "%d/ns/user", pid);
	if (userns)
		assert_int_equal(symlinkat(userns, procfd, path), 0);
	(void) snprintf(path, sizeof(path), "%d/status", pid);
	fd = openat(procfd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "Name:\tx\nUid:\t%u\t%u\t%u\t%u\nNSpid:\t%d\nCapBnd:\t0\n", uid,
			    uid, uid, uid, pid) > 0);
	(void) close(fd);
}

/* Is the claim of an engine of user 1000 on a process of @uid valid? */
static bool is_claimed(unsigned int uid, const char *ours, const char *theirs)
{
	static const struct engine_driver driver = {.type = "docker.com"};
	char folder[] = "/tmp/claims-XXXXXX", command[64], name[] = "web";
	struct process procs[] = {{.pid = ENGINE_PID, .ours = true},
		{.pid = CLAIMED_PID, .starttime_ticks = 7, .ours = true}};
	struct proc_table table = {.v = procs, .n = 2};
	struct engine_container c = {.id = "ab", .name = name, .pid = CLAIMED_PID};
	struct engine engine = {.driver = &driver, .pid = ENGINE_PID, .list = {.v = &c, .n = 1}};
	struct engines engines = {.first = &engine, .n = 1};
	struct cgroup_list cgroups = {0};
	struct container_sources sources = {.engines = &engines, .cgroups = &cgroups};
	struct container_list list = {0};
	bool found;

	assert_non_null(mkdtemp(folder));
	{
		AUTO_CLOSE int procfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		assert_true(procfd >= 0 && mkdirat(procfd, "self", 0700) == 0 &&
			    mkdirat(procfd, "self/ns", 0700) == 0);
		if (ours)
			assert_int_equal(symlinkat(ours, procfd, "self/ns/user"), 0);
		put_process(procfd, ENGINE_PID, 1000, "user:[1]");
		put_process(procfd, CLAIMED_PID, uid, theirs);
		assert_int_equal(container_list_make(procfd, &table, &sources, &list), 0);
	}
	found = list.n == 1;
	container_list_done(&list);
	(void) snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
	return found;
}

static void a_claim_that_cannot_be_checked_is_not_valid(void **state)
{
	(void) state;
	assert_true(is_claimed(1000, "user:[1]", "user:[1]"));
	assert_false(is_claimed(0, "user:[1]", "user:[2]")); /* whose it is cannot be read */
	assert_false(is_claimed(0, "user:[1]", "user:[1]"));
	assert_false(is_claimed(0, "user:[1]", NULL));
	assert_false(is_claimed(0, NULL, "user:[2]"));
}

static bool put_map(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t) strlen(text);
}

/* Enter a new user namespace, in which @id is 0: without a map no further one can be made. */
static bool enter_userns(uid_t id)
{
	char map[32];

	(void) snprintf(map, sizeof(map), "0 %u 1", (unsigned int) id);
	return prctl(PR_SET_DUMPABLE, 1) == 0 && unshare(CLONE_NEWUSER) == 0 &&
	       put_map("/proc/self/uid_map", map) && put_map("/proc/self/setgroups", "deny") &&
	       put_map("/proc/self/gid_map", map);
}

/* A process of user @uid in a user namespace that it made, @depth of them nested. It has told of
 * itself when this returns. */
static pid_t fork_into_userns(uid_t uid, int depth)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		bool ok = setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0;

		/* it may not outlive the test, nor keep its output open */
		(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void) close_range(STDIN_FILENO, STDERR_FILENO, 0);
		for (int i = 0; i < depth && ok; i++)
			ok = enter_userns(i == 0 ? uid : 0);
		(void) !write(ready[1], ok ? "y" : "n", 1);
		(void) pause();
		_exit(0);
	}
	(void) close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	(void) close(ready[0]);
	return pid;
}

static void a_user_namespace_is_of_the_user_who_made_it(void **state)
{
	static const struct {
		int depth;
		uint32_t uid;
		bool is_of;
	} rows[] = {{1, 1000, true}, {1, 1001, false}, {1, 0, false}, {3, 1000, true},
		{3, 1001, false}, {0, 1000, false} /* our own namespace */, {0, 0, false}};
	AUTO_CLOSE int procfd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		pid_t pid = fork_into_userns(1000, rows[i].depth);
		bool is_of = userns_is_of(procfd, pid, rows[i].uid);

		(void) kill(pid, SIGKILL);
		(void) waitpid(pid, NULL, 0);
		if (is_of != rows[i].is_of)
			fail_msg("depth %d, user %u", rows[i].depth, rows[i].uid);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_namespace_is_of_the_user_who_made_it),
		cmocka_unit_test(a_claim_that_cannot_be_checked_is_not_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
