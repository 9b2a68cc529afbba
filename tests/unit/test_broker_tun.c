/* SPDX-License-Identifier: MIT */
/* The broker tells where the device of tun and tap behind a descriptor lives, of no other
 * descriptor, and keeps no copy. Needs root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ns_link.h"
#include "base/own.h"
#include "base/procstat.h"
#include "broker/broker.h"
#include "proto/fdpass.h"

/* Descriptors of the child. */
enum {
	FD_TUN = 200, /* of a device in a namespace of its own, which the child has left */
	FD_IDLE,      /* of no device yet */
	FD_NULL,      /* another character device */
	FD_FILE,
	FD_SOCKET,
	FD_NOTHING
};

struct scene {
	struct broker b;
	int peer; /* where the answers arrive */
	pid_t child;
	uint64_t starttime_ticks;
	uint64_t netns; /* in which the device is */
};

static void put(int fd, int number)
{
	if (fd < 0 || dup3(fd, number, O_CLOEXEC) != number || close(fd) < 0)
		_exit(1);
}

static void hold_descriptors(int say)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	uint64_t netns;

	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET) < 0)
		_exit(1);
	put(open("/dev/net/tun", O_RDWR | O_CLOEXEC), FD_TUN);
	if (ioctl(FD_TUN, TUNSETIFF, &r) < 0)
		_exit(1);
	netns = ns_link_read(AT_FDCWD, "/proc/self/ns/net", "net");
	if (setns(home, CLONE_NEWNET) < 0)
		_exit(1);
	put(open("/dev/net/tun", O_RDWR | O_CLOEXEC), FD_IDLE);
	put(open("/dev/null", O_RDWR | O_CLOEXEC), FD_NULL);
	put(open("/proc/self/stat", O_RDONLY | O_CLOEXEC), FD_FILE);
	put(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), FD_SOCKET);
	(void) write(say, &netns, sizeof(netns));
	(void) pause();
	_exit(0);
}

static int set_up(void **state)
{
	static struct scene s;
	int pair[2], said[2];
	struct procstat st;

	memset(&s, 0, sizeof(s));
	assert_int_equal(fdpass_pair(pair), 0);
	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	s.b.procfd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s.b.discover.channel = pair[0];
	s.peer = pair[1];
	s.child = fork();
	if (s.child == 0)
		hold_descriptors(said[1]);
	(void) close(said[1]);
	assert_int_equal(read(said[0], &s.netns, sizeof(s.netns)), sizeof(s.netns));
	(void) close(said[0]);
	assert_int_equal(procstat_read(s.b.procfd, s.child, &st), 0);
	s.starttime_ticks = st.starttime_ticks;
	*state = &s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;

	(void) kill(s->child, SIGKILL);
	(void) waitpid(s->child, NULL, 0);
	close_p(&s->b.procfd);
	close_p(&s->b.discover.channel);
	close_p(&s->peer);
	return 0;
}

static size_t open_files(void)
{
	AUTO_CLOSEDIR DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	return n;
}

/* What the broker answers about descriptor @fd of the process. */
static uint64_t ask(struct scene *s, pid_t pid, uint64_t starttime_ticks, uint32_t fd)
{
	const struct msg_tun t = {
		.pid = (uint32_t) pid, .starttime_ticks = starttime_ticks, .fd = fd};
	struct fdset fds = FDSET_NONE;
	size_t before = open_files();
	struct msg m;

	op_tun_ask(&s->b, 7, &t);
	assert_int_equal(msg_recv(s->peer, &m, &fds), 1);
	assert_int_equal(m.op, MSG_TUN_TOLD);
	assert_int_equal(m.id, 7);
	assert_int_equal(fds.n, 0);
	assert_int_equal(open_files(), before);
	return m.u.tun_netns;
}

static uint64_t ask_child(struct scene *s, uint32_t fd)
{
	return ask(s, s->child, s->starttime_ticks, fd);
}

static void a_device_is_found_where_it_lives(void **state)
{
	struct scene *s = *state;

	assert_true(s->netns != 0);
	assert_true(ask_child(s, FD_TUN) == s->netns);
	assert_true(ns_link_read(s->b.procfd, "self/ns/net", "net") != s->netns);
}

static void a_descriptor_without_a_device_is_nowhere(void **state)
{
	struct scene *s = *state;

	assert_true(ask_child(s, FD_IDLE) == 0);
}

static void nothing_is_told_of_other_descriptors(void **state)
{
	static const uint32_t others[] = {
		FD_NULL, FD_FILE, FD_SOCKET, FD_NOTHING, INT32_MAX, UINT32_MAX};
	struct scene *s = *state;

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_true(ask_child(s, others[i]) == 0);
}

static void nothing_is_told_of_other_processes(void **state)
{
	struct scene *s = *state;

	assert_true(ask(s, s->child, s->starttime_ticks + 1, FD_TUN) == 0);
	assert_true(ask(s, 0, s->starttime_ticks, FD_TUN) == 0);
	assert_true(ask(s, -1, s->starttime_ticks, FD_TUN) == 0);
	(void) kill(s->child, SIGKILL);
	assert_int_equal(waitpid(s->child, NULL, 0), s->child);
	assert_true(ask_child(s, FD_TUN) == 0);
}

/* As a process may do between two looks. */
static void a_device_that_is_gone_is_nowhere(void **state)
{
	struct scene *s = *state;
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int other = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	struct procstat st;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	assert_int_equal(ioctl(fd, TUNSETIFF, &r), 0);
	assert_int_equal(procstat_read(s->b.procfd, getpid(), &st), 0);
	assert_true(ask(s, getpid(), st.starttime_ticks, (uint32_t) fd) != 0);
	assert_int_equal(dup3(other, fd, O_CLOEXEC), fd);
	assert_true(ask(s, getpid(), st.starttime_ticks, (uint32_t) fd) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_device_is_found_where_it_lives, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_descriptor_without_a_device_is_nowhere, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			nothing_is_told_of_other_descriptors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			nothing_is_told_of_other_processes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_device_that_is_gone_is_nowhere, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
