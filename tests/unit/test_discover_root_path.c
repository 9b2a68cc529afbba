/* SPDX-License-Identifier: MIT */
/* Files of others are read without waiting for their owners. */
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
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "discover/host/root_path.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_lease_holds_nobody_up)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
