/* SPDX-License-Identifier: MIT */
/* Files of other processes are read without waiting for their owners or file systems. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "files/pauses.h"
#include "files/root_path.h"

static void a_lease_holds_nobody_up(void **state)
{
	char path[] = "/tmp/root-path-XXXXXX", text[16], ready;
	AUTO_CLOSE int procfd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int fd = mkstemp(path);
	int pair[2];
	pid_t pid;

	(void) state;
	assert_true(procfd >= 0 && fd >= 0 && write(fd, "hi", 2) == 2);
	assert_int_equal(root_path_read(procfd, getpid(), path, text, sizeof(text)), 2);
	close_p(&fd);
	fd = -1;
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		int mine = open(path, O_RDWR | O_CLOEXEC);

		/* nothing is given up when the kernel asks for it */
		(void) signal(SIGIO, SIG_IGN);
		ready = fcntl(mine, F_SETLEASE, F_WRLCK) == 0;
		(void) !write(pair[1], &ready, 1);
		for (;;)
			(void) pause();
	}
	assert_true(read(pair[0], &ready, 1) == 1 && ready);
	assert_int_equal(root_path_read(procfd, getpid(), path, text, sizeof(text)), -EAGAIN);
	(void) kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	(void) close(pair[0]);
	(void) close(pair[1]);
	(void) unlink(path);
}

static void a_directory_is_listed_and_links_stay_inside_its_root(void **state)
{
	char folder[] = "/tmp/root-path-XXXXXX", path[64], text[16];
	AUTO_ROOT_LIST struct root_list list = {0};
	struct root_entry e;
	size_t n = 0;

	(void) state;
	assert_non_null(mkdtemp(folder));
	(void) snprintf(path, sizeof(path), "%s/link", folder);
	assert_int_equal(symlink("/file/../../file", path), 0);
	(void) snprintf(path, sizeof(path), "%s/file", folder);
	AUTO_CLOSE int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	AUTO_CLOSE int root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0 && root >= 0 && write(fd, "hello", 5) == 5);
	assert_int_equal(root_path_read_at(root, "/file", text, sizeof(text)), 5);
	assert_string_equal(text, "hello");
	assert_int_equal(root_path_read_at(root, "/file", text, 6), 5);
	assert_int_equal(root_path_read_at(root, "/file", text, 5), -E2BIG);
	assert_int_equal(root_path_read_start(root, "/file", text, 3), 2);
	assert_string_equal(text, "he");
	assert_int_equal(root_path_read_at(root, "/missing", text, sizeof(text)), -ENOENT);
	assert_int_equal(root_path_read_at(root, "/", text, sizeof(text)), -EINVAL);
	assert_int_equal(root_path_list(root, "/file", &list), -ENOTDIR);
	assert_int_equal(root_path_list(root, "/", &list), 0);
	while (root_list_next(&list, &e))
		n += strcmp(e.name, "file") == 0 || strcmp(e.name, "link") == 0;
	assert_int_equal(n, 2);
	(void) unlink(path);
	(void) snprintf(path, sizeof(path), "%s/link", folder);
	(void) unlink(path);
	(void) rmdir(folder);
}

#define S_NS 1000000000LL

static void a_place_is_paused_for_ever_longer_and_no_other(void **state)
{
	struct pauses p = {0};
	int64_t now = 100 * S_NS, pause = PAUSE_FIRST_NS;

	(void) state;
	for (int i = 0; i < 12; i++) {
		assert_true(pauses_allow(&p, 1, now));
		pauses_note(&p, 1, now, PAUSE_SLOW_NS - 1);
		assert_true(pauses_allow(&p, 1, now));
		pauses_note(&p, 1, now, PAUSE_BUDGET_NS / 2);
		assert_true(pauses_allow(&p, 1, now));
		pauses_note(&p, 1, now, PAUSE_BUDGET_NS / 2);
		assert_false(pauses_allow(&p, 1, now));
		assert_true(pauses_allow(&p, 2, now));
		assert_false(pauses_allow(&p, 1, now + pause - 1));
		now += pause;
		pause = pause * 2 > PAUSE_MAX_NS ? PAUSE_MAX_NS : pause * 2;
	}
	pauses_done(&p);
}

/* A blocked worker is one whose end of the pair is open. */
static void blocked_workers_are_limited_and_forgotten_when_they_end(void **state)
{
	struct pauses p = {0};
	int pair[PAUSES_MAX][2];
	int64_t now = S_NS;

	(void) state;
	for (uint64_t i = 0; i < PAUSES_MAX; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair[i]), 0);
		assert_true(pauses_allow(&p, i + 1, now));
		pauses_note_blocked(&p, i + 1, now, pair[i][0]);
	}
	now += PAUSE_MAX_NS;
	for (uint64_t i = 0; i <= PAUSES_MAX; i++)
		assert_false(pauses_allow(&p, i + 1, now));
	assert_int_equal(close(pair[3][1]), 0);
	assert_true(pauses_allow(&p, 4, now));
	assert_true(pauses_allow(&p, PAUSES_MAX + 1, now));
	assert_false(pauses_allow(&p, 1, now));
	pauses_done(&p);
	for (size_t i = 0; i < PAUSES_MAX; i++)
		(void) (i != 3 && close(pair[i][1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lease_holds_nobody_up),
		cmocka_unit_test(a_directory_is_listed_and_links_stay_inside_its_root),
		cmocka_unit_test(a_place_is_paused_for_ever_longer_and_no_other),
		cmocka_unit_test(blocked_workers_are_limited_and_forgotten_when_they_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
