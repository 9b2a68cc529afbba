/* SPDX-License-Identifier: MIT */
/* What a dig with its real kinds of descriptors tries in its sandbox: to lead a connection
 * elsewhere, to make a socket, or to reach anything but its resolver, by ICMP echo, and the
 * service. Needs root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/own.h"
#include "proto/dig.h"
#include "proto/fdpass.h"
#include "sandbox/calls.h"
#include "sandbox/drop.h"
#include "sandbox/roles.h"
#include "sandbox/trial.h"

#define ROOM (DIG_FD_END - DIG_FD_RESOLVER)
#define KEPT 300 /* from here on: the other ends, which stay open */

static uint8_t request[8] = {8, 0, 0xf7, 0xff};
static struct sockaddr_in to_loopback = {.sin_family = AF_INET};
static const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
static struct iovec iov = {.iov_base = request, .iov_len = sizeof(request)};
static struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
static struct mmsghdr messages = {.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}};
static const int one = 1;

/* A TCP connection to a listener of our own. */
static int connection(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (struct sockaddr *) &at, sizeof(at)) < 0 || listen(listener, 16) < 0 ||
		getsockname(listener, (struct sockaddr *) &at, &len) < 0 ||
		connect(fd, (struct sockaddr *) &at, sizeof(at)) < 0 ||
		fcntl(listener, F_DUPFD, KEPT) < 0)
		return -1;
	return fd;
}

static int place_descriptors(struct err *e)
{
	int pair[2] = {-1, -1}, made[ROOM];
	int rc = fdpass_pair(pair);

	for (int i = 0; i < DIG_RESOLVERS; i++)
		made[i] = connection();
	made[DIG_FD_ICMP - DIG_FD_RESOLVER] = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	made[DIG_FD_ICMP6 - DIG_FD_RESOLVER] = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	made[DIG_FD_CONTROL - DIG_FD_RESOLVER] = pair[1];
	made[DIG_FD_ROOT - DIG_FD_RESOLVER] = sandbox_empty_root(e);
	for (size_t i = 0; i < ROOM; i++) {
		if (made[i] >= 0)
			made[i] = fcntl(made[i], F_DUPFD, 200);
		if (rc < 0 || made[i] < 0)
			return err_set(e, -EBADF, "cannot make descriptor %zu", i);
	}
	if (fcntl(pair[0], F_DUPFD, KEPT) < 0)
		return err_set(e, -EBADF, "cannot keep the control socket");
	for (size_t i = 0; i < ROOM; i++)
		(void) dup2(made[i], DIG_FD_RESOLVER + (int) i);
	return close_range(DIG_FD_END, KEPT - 1, 0);
}

static int enter(struct err *e)
{
	const struct seccomp_dig_fds fds = {{DIG_FD_ICMP, DIG_FD_ICMP6}, DIG_FD_CONTROL};
	const struct role_place place = {DIG_FD_ROOT, DIG_FD_END, {65529, 65529}};
	int rc = place_descriptors(e);

	return rc < 0 ? rc : role_enter_dig(&place, &fds, e);
}

static int make_namespace(void **state)
{
	struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	AUTO_CLOSE int sock = -1;

	(void) state;
	to_loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to_loopback.sin_port = htons(9);
	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	sock = socket(AF_INET, SOCK_DGRAM, 0);
	return sock < 0 || ioctl(sock, SIOCSIFFLAGS, &up) < 0;
}

static void its_work_can_be_done(void **state)
{
	const struct call calls[] = {
		CALL(sendto, DIG_FD_RESOLVER, AT(request), sizeof(request), MSG_NOSIGNAL, 0, 0),
		CALL(sendto, DIG_FD_ICMP, AT(request), sizeof(request), 0, AT(&to_loopback),
			sizeof(to_loopback)),
		CALL(sendmsg, DIG_FD_CONTROL, AT(&message), MSG_NOSIGNAL),
	};

	(void) state;
	trials_end(enter, calls, ARRAY_LEN(calls), TRIAL_SUCCEEDED);
}

static void only_echo_sockets_send_to_addresses(void **state)
{
	(void) state;
	for (int fd = 0; fd < DIG_FD_END; fd++) {
		const struct call to = CALL(sendto, fd, AT(request), sizeof(request), MSG_FASTOPEN,
			AT(&to_loopback), sizeof(to_loopback));
		const struct call msg = CALL(sendmsg, fd, AT(&message), 0);

		if (fd != DIG_FD_ICMP && fd != DIG_FD_ICMP6)
			trials_end(enter, &to, 1, TRIAL_KILLED);
		if (fd != DIG_FD_CONTROL)
			trials_end(enter, &msg, 1, TRIAL_KILLED);
	}
}

static void no_connection_leads_elsewhere(void **state)
{
	static const int fds[] = {DIG_FD_RESOLVER, DIG_FD_ICMP, DIG_FD_ICMP6, DIG_FD_CONTROL};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		const int fd = fds[i];
		const struct call calls[] = {
			CALL(connect, fd, AT(&to_loopback), sizeof(to_loopback)),
			CALL(connect, fd, AT(&nowhere), sizeof(nowhere)),
			CALL(bind, fd, AT(&to_loopback), sizeof(to_loopback)),
			CALL(listen, fd, 1),
			CALL(accept4, fd, 0, 0, 0),
			CALL(shutdown, fd, SHUT_RDWR),
			CALL(setsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, AT("lo"), 3),
			CALL(setsockopt, fd, SOL_IP, IP_HDRINCL, AT(&one), sizeof(one)),
			CALL(setsockopt, fd, SOL_RAW, 1, AT(&one), sizeof(one)),
			CALL(sendmmsg, fd, AT(&messages), 1, 0),
			CALL(write, fd, AT(request), sizeof(request)),
			CALL(writev, fd, AT(&iov), 1),
			CALL(splice, DIG_FD_CONTROL, 0, fd, 0, 64, 0),
			CALL(ioctl, fd, SIOCGIFCONF, AT(request)),
		};

		trials_end(enter, calls, ARRAY_LEN(calls), TRIAL_KILLED);
	}
}

static void no_descriptor_is_made(void **state)
{
	static int pair[2];
	const struct call calls[] = {
		CALL(socket, AF_INET, SOCK_STREAM, 0),
		CALL(socket, AF_INET, SOCK_DGRAM, IPPROTO_ICMP),
		CALL(socket, AF_INET, SOCK_RAW, IPPROTO_ICMP),
		CALL(socket, AF_UNIX, SOCK_STREAM, 0),
		CALL(socket, AF_NETLINK, SOCK_RAW, 0),
		CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, AT(pair)),
		CALL(dup, DIG_FD_ICMP),
		CALL(fcntl, DIG_FD_ICMP, F_DUPFD, 0),
		CALL(memfd_create, AT("x"), 0),
		CALL(pipe2, AT(pair), 0),
		CALL(eventfd2, 0, 0),
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
	static uint8_t page[4096] __attribute__((aligned(4096)));
	const struct call calls[] = {
		CALL(mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		CALL(mprotect, AT(page), sizeof(page), PROT_READ | PROT_EXEC),
	};

	(void) state;
	trials_end(enter, calls, ARRAY_LEN(calls), TRIAL_KILLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_work_can_be_done),
		cmocka_unit_test(only_echo_sockets_send_to_addresses),
		cmocka_unit_test(no_connection_leads_elsewhere),
		cmocka_unit_test(no_descriptor_is_made),
		cmocka_unit_test(files_processes_and_the_machine_are_out_of_reach),
		cmocka_unit_test(memory_is_never_executable),
	};

	return cmocka_run_group_tests(tests, make_namespace, NULL);
}
