/* SPDX-License-Identifier: MIT */
/* What a compiler of capture filters with its real kinds of descriptors tries in its sandbox: to
 * reach anything but the service. Needs root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/own.h"
#include "proto/compile.h"
#include "proto/fdpass.h"
#include "sandbox/calls.h"
#include "sandbox/drop.h"
#include "sandbox/roles.h"
#include "sandbox/trial.h"

#define KEPT 300 /* the other end of the control socket */

static uint8_t bytes[8];
static struct iovec iov = {.iov_base = bytes, .iov_len = sizeof(bytes)};
static struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

static int place_descriptors(struct err *e)
{
	int pair[2], root = sandbox_empty_root(e);

	if (root < 0)
		return root;
	if (fdpass_pair(pair) < 0 || fcntl(pair[0], F_DUPFD, KEPT) < 0)
		return err_set(e, -EBADF, "cannot make the control socket");
	pair[1] = fcntl(pair[1], F_DUPFD, 200);
	root = fcntl(root, F_DUPFD, 200);
	if (dup2(pair[1], COMPILE_FD_CONTROL) < 0 || dup2(root, COMPILE_FD_ROOT) < 0)
		return err_set(e, -EBADF, "cannot place the descriptors");
	return close_range(COMPILE_FD_END, KEPT - 1, 0);
}

static int enter(struct err *e)
{
	const struct role_place place = {COMPILE_FD_ROOT, COMPILE_FD_END, {65528, 65528}};
	int rc = place_descriptors(e);

	return rc < 0 ? rc : role_enter_compile(&place, e);
}

static void its_work_can_be_done(void **state)
{
	const struct call calls[] = {
		CALL(sendmsg, COMPILE_FD_CONTROL, AT(&message), MSG_NOSIGNAL),
		CALL(mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	};

	(void) state;
	trials_end(enter, calls, ARRAY_LEN(calls), TRIAL_SUCCEEDED);
}

static void no_descriptor_is_made_or_written_otherwise(void **state)
{
	static int pair[2];
	const struct call calls[] = {
		CALL(socket, AF_INET, SOCK_STREAM, 0),
		CALL(socket, AF_UNIX, SOCK_STREAM, 0),
		CALL(socket, AF_NETLINK, SOCK_RAW, 0),
		CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, AT(pair)),
		CALL(connect, COMPILE_FD_CONTROL, 0, 0),
		CALL(sendto, COMPILE_FD_CONTROL, AT(bytes), sizeof(bytes), 0, 0, 0),
		CALL(write, STDERR_FILENO, AT(bytes), sizeof(bytes)),
		CALL(dup, COMPILE_FD_CONTROL),
		CALL(fcntl, COMPILE_FD_CONTROL, F_DUPFD, 0),
		CALL(memfd_create, AT("x"), 0),
		CALL(pipe2, AT(pair), 0),
		CALL(epoll_create1, 0),
	};

	(void) state;
	trials_end(enter, calls, ARRAY_LEN(calls), TRIAL_KILLED);
}

static void files_processes_and_the_machine_are_out_of_reach(void **state)
{
	size_t n_files, n_processes, n_machine;
	const struct call *files = calls_files(&n_files);
	const struct call *processes = calls_processes(&n_processes);
	const struct call *machine = calls_machine(&n_machine);

	(void) state;
	trials_end(enter, files, n_files, TRIAL_KILLED);
	trials_end(enter, processes, n_processes, TRIAL_KILLED);
	trials_end(enter, machine, n_machine, TRIAL_KILLED);
}

static void memory_is_never_executable(void **state)
{
	const struct call c =
		CALL(mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void) state;
	trials_end(enter, &c, 1, TRIAL_KILLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_work_can_be_done),
		cmocka_unit_test(no_descriptor_is_made_or_written_otherwise),
		cmocka_unit_test(files_processes_and_the_machine_are_out_of_reach),
		cmocka_unit_test(memory_is_never_executable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
