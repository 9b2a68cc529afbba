/* SPDX-License-Identifier: MIT */
/* What discover tries in its sandbox. Needs root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"
#include "files/root_path.h"
#include "sandbox/calls.h"
#include "sandbox/roles.h"
#include "sandbox/trial.h"

static void only_unix_sockets_are_made(void **state)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET};
	const struct call good = CALL(socket, AF_UNIX, SOCK_STREAM, 0);

	(void) state;
	trials_end(role_enter_discover, &good, 1, TRIAL_SUCCEEDED);
	for (int family = AF_UNSPEC; family < AF_MAX; family++) {
		for (size_t i = 0; family != AF_UNIX && i < ARRAY_LEN(types); i++) {
			struct call c = CALL(socket, family, types[i], 0);

			trials_end(role_enter_discover, &c, 1, EPERM);
		}
	}
}

static void no_process_is_started_or_touched(void **state)
{
	size_t n;
	const struct call *calls = calls_processes(&n);

	(void) state;
	trials_end(role_enter_discover, calls, n, EPERM);
}

static void only_plain_copies_of_itself_are_started(void **state)
{
	static const unsigned long plain = CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD;
	const struct call calls[] = {
		CALL(clone, plain | CLONE_VM),
		CALL(clone, plain | CLONE_THREAD | CLONE_VM | CLONE_SIGHAND),
		CALL(clone, plain | CLONE_NEWUSER),
		CALL(clone, plain | CLONE_NEWNET),
		CALL(clone, plain | CLONE_PARENT),
		CALL(clone3, 0, 0),
		CALL(vfork),
	};

	(void) state;
	trials_end(role_enter_discover, calls, ARRAY_LEN(calls), EPERM);
}

/* The worker of files/root_path.h is started and used. Returns 0 or an errno. */
static int read_through_the_worker(void)
{
	AUTO_CLOSE int procfd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_ROOT_LIST struct root_list list = {0};
	AUTO_CLOSE int place = -1;
	char text[4096];
	struct stat st;
	ssize_t rc = root_path_read_start(procfd, "self/status", text, sizeof(text));

	if (rc >= 0)
		rc = root_path_list(procfd, "self/ns", &list);
	if (rc >= 0)
		rc = place = root_path_find(procfd, getpid(), "/proc", &st);
	return rc < 0 ? (int) -rc : 0;
}

static void files_of_others_are_read_by_a_worker(void **state)
{
	(void) state;
	assert_int_equal(
		trial_of_deed(role_enter_discover, read_through_the_worker), TRIAL_SUCCEEDED);
}

static void the_machine_and_its_own_rights_stay_as_they_are(void **state)
{
	size_t n;
	const struct call *calls = calls_machine(&n);

	(void) state;
	trials_end(role_enter_discover, calls, n, EPERM);
}

static void files_are_read_and_never_written(void **state)
{
	static const char file[] = "/dev/null", made[] = "/tmp/packetflix-test-must-not-exist";
	const struct call good = CALL(openat, AT_FDCWD, AT(file), O_RDONLY);
	const struct call calls[] = {
		CALL(openat, AT_FDCWD, AT(file), O_WRONLY),
		CALL(openat, AT_FDCWD, AT(file), O_RDWR),
		CALL(openat, AT_FDCWD, AT(file), O_WRONLY | O_APPEND),
		CALL(openat, AT_FDCWD, AT(file), O_RDONLY | O_TRUNC),
		CALL(openat, AT_FDCWD, AT(made), O_RDONLY | O_CREAT, 0600),
		CALL(openat, AT_FDCWD, AT("/tmp"), O_TMPFILE | O_RDWR, 0600),
		CALL(mkdirat, AT_FDCWD, AT(made), 0700),
		CALL(unlinkat, AT_FDCWD, AT(made), 0),
		CALL(renameat2, AT_FDCWD, AT(made), AT_FDCWD, AT(made), 0),
		CALL(linkat, AT_FDCWD, AT(file), AT_FDCWD, AT(made), 0),
		CALL(symlinkat, AT(file), AT_FDCWD, AT(made)),
		CALL(fchmodat, AT_FDCWD, AT(made), 0600),
		CALL(fchownat, AT_FDCWD, AT(made), 0, 0, 0),
		CALL(mknodat, AT_FDCWD, AT(made), 0600, 0),
		CALL(truncate, AT(made), 0),
		CALL(chroot, AT("/")),
	};

	(void) state;
	trials_end(role_enter_discover, &good, 1, TRIAL_SUCCEEDED);
	trials_end(role_enter_discover, calls, ARRAY_LEN(calls), EPERM);
}

static void devices_are_not_controlled(void **state)
{
	/* allowed, and fail because there is no such descriptor */
	const struct call good[] = {
		CALL(ioctl, -1, NS_GET_PARENT),
		CALL(ioctl, -1, SIOCETHTOOL),
		CALL(ioctl, -1, NS_GET_OWNER_UID),
	};
	const struct call calls[] = {
		CALL(ioctl, -1, NS_GET_USERNS),
		CALL(ioctl, -1, TIOCSTI),
		CALL(ioctl, -1, FIONREAD),
		CALL(ioctl, -1, SIOCGIFCONF),
		CALL(ioctl, -1, SIOCSIFFLAGS),
		CALL(ioctl, -1, SIOCSIFNAME),
	};

	(void) state;
	trials_end(role_enter_discover, good, ARRAY_LEN(good), EBADF);
	trials_end(role_enter_discover, calls, ARRAY_LEN(calls), EPERM);
}

/* A NETLINK_SOCK_DIAG socket as the broker hands over, and a listening socket; made before the
 * sandbox is entered. */
static int diag = -1;
static uint16_t port;

/* Ask the kernel to end the listening socket. Returns 0, or the errno it answers with. */
static int end_a_socket(void)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 r;
	} req = {
		.h = {.nlmsg_len = sizeof(req),
			.nlmsg_type = SOCK_DESTROY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.r = {.sdiag_family = AF_INET,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_states = UINT32_MAX,
			.id = {.idiag_sport = port,
				.idiag_src = {htonl(INADDR_LOOPBACK)},
				.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
	};
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		uint8_t request[sizeof(req)];
	} answer;

	if (sendto(diag, &req, sizeof(req), 0, NULL, 0) < 0 ||
		recvfrom(diag, &answer, sizeof(answer), 0, NULL, NULL) < 0)
		return errno;
	return -answer.e.error;
}

static void sockets_of_others_are_listed_but_not_ended(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	AUTO_CLOSE int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	AUTO_CLOSE int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(a);

	(void) state;
	assert_true(sock >= 0 && listening >= 0);
	assert_int_equal(bind(listening, (const struct sockaddr *) &a, sizeof(a)), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *) &a, &len), 0);
	port = a.sin_port;
	diag = sock;
	assert_int_equal(trial_of_deed(role_enter_discover, end_a_socket), EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_unix_sockets_are_made),
		cmocka_unit_test(no_process_is_started_or_touched),
		cmocka_unit_test(only_plain_copies_of_itself_are_started),
		cmocka_unit_test(files_of_others_are_read_by_a_worker),
		cmocka_unit_test(the_machine_and_its_own_rights_stay_as_they_are),
		cmocka_unit_test(files_are_read_and_never_written),
		cmocka_unit_test(devices_are_not_controlled),
		cmocka_unit_test(sockets_of_others_are_listed_but_not_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
