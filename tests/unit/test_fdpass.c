/* SPDX-License-Identifier: MIT */
/* Messages with descriptors, also from a peer that plays tricks: nothing surplus stays open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/own.h"
#include "proto/fdpass.h"

static size_t count_open(void)
{
	AUTO_CLOSEDIR DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(d))
		n++;
	return n;
}

/* Send a message with @n copies of descriptor 0 in one control message of our own making. */
static void send_rights(int sock, size_t n)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(16 * sizeof(int))];
	} c = {0};
	char byte = 'x';
	struct iovec iov = {&byte, 1};
	struct msghdr mh = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = c.buf,
		.msg_controllen = CMSG_SPACE(n * sizeof(int))};

	c.align.cmsg_level = SOL_SOCKET;
	c.align.cmsg_type = SCM_RIGHTS;
	c.align.cmsg_len = CMSG_LEN(n * sizeof(int));
	memset(CMSG_DATA(&c.align), 0, n * sizeof(int));
	assert_int_equal(sendmsg(sock, &mh, 0), 1);
}

static void descriptors_arrive_and_are_close_on_exec(void **state)
{
	int pair[2], fds[FDPASS_FDS_MAX] = {0};
	char msg[8];

	(void) state;
	assert_int_equal(fdpass_pair(pair), 0);
	for (size_t n = 0; n <= FDPASS_FDS_MAX; n++) {
		AUTO_FDSET struct fdset got = FDSET_NONE;

		assert_int_equal(fdpass_send(pair[0], "abc", 3, fds, n), 0);
		assert_int_equal(fdpass_recv(pair[1], msg, sizeof(msg), &got), 3);
		assert_int_equal(got.n, n);
		for (size_t i = 0; i < n; i++)
			assert_true(fcntl(got.fd[i], F_GETFD) & FD_CLOEXEC);
	}
	(void) close(pair[0]);
	(void) close(pair[1]);
}

static void surplus_descriptors_are_refused_and_closed(void **state)
{
	int pair[2];
	char msg[8];

	(void) state;
	assert_int_equal(fdpass_pair(pair), 0);
	for (size_t n = FDPASS_FDS_MAX + 1; n <= 16; n++) {
		struct fdset got = FDSET_NONE;
		size_t before = count_open();

		send_rights(pair[0], n);
		assert_int_equal(fdpass_recv(pair[1], msg, sizeof(msg), &got), -EMSGSIZE);
		assert_int_equal(got.n, 0);
		assert_int_equal(count_open(), before);
	}
	(void) close(pair[0]);
	(void) close(pair[1]);
}

static void a_message_that_does_not_fit_is_refused_with_its_descriptors(void **state)
{
	struct fdset got = FDSET_NONE;
	int pair[2], fd = 0;
	size_t before;
	char msg[3];

	(void) state;
	assert_int_equal(fdpass_pair(pair), 0);
	before = count_open();
	assert_int_equal(fdpass_send(pair[0], "abcd", 4, &fd, 1), 0);
	assert_int_equal(fdpass_recv(pair[1], msg, sizeof(msg), &got), -EMSGSIZE);
	assert_int_equal(count_open(), before);
	(void) close(pair[0]);
	(void) close(pair[1]);
}

static void foreign_control_data_is_refused(void **state)
{
	struct fdset got = FDSET_NONE;
	int pair[2];
	static const int on = 1;
	char msg[8];

	(void) state;
	assert_int_equal(fdpass_pair(pair), 0);
	assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	assert_int_equal(fdpass_send(pair[0], "abc", 3, NULL, 0), 0);
	assert_int_equal(fdpass_recv(pair[1], msg, sizeof(msg), &got), -EBADMSG);
	(void) close(pair[0]);
	(void) close(pair[1]);
}

static void nothing_there_and_nobody_there_are_told_apart(void **state)
{
	struct fdset got = FDSET_NONE;
	int pair[2];
	char msg[8];

	(void) state;
	assert_int_equal(fdpass_pair(pair), 0);
	assert_int_equal(fdpass_recv(pair[1], msg, sizeof(msg), &got), -EAGAIN);
	(void) close(pair[0]);
	assert_int_equal(fdpass_recv(pair[1], msg, sizeof(msg), &got), 0);
	assert_int_equal(fdpass_send(pair[1], "abc", 3, NULL, 0), -EPIPE);
	(void) close(pair[1]);
}

static void what_cannot_be_sent_is_refused(void **state)
{
	int pair[2], fds[FDPASS_FDS_MAX + 1] = {0};

	(void) state;
	assert_int_equal(fdpass_pair(pair), 0);
	assert_int_equal(fdpass_send(pair[0], "a", 0, NULL, 0), -EINVAL);
	assert_int_equal(fdpass_send(pair[0], "a", 1, fds, FDPASS_FDS_MAX + 1), -EINVAL);
	(void) close(pair[0]);
	(void) close(pair[1]);
}

static void a_full_queue_never_blocks(void **state)
{
	int pair[2], rc = 0;

	(void) state;
	assert_int_equal(fdpass_pair(pair), 0);
	for (int i = 0; i < 100000 && rc == 0; i++)
		rc = fdpass_send(pair[0], "abc", 3, NULL, 0);
	assert_int_equal(rc, -EAGAIN);
	(void) close(pair[0]);
	(void) close(pair[1]);
}

static void what_is_taken_is_not_closed(void **state)
{
	struct fdset s = {{dup(0), dup(0), -1, -1}, 2};
	int mine = fdset_take(&s, 0), other = s.fd[1];

	(void) state;
	assert_int_equal(fdset_take(&s, 0), -1);
	assert_int_equal(fdset_take(&s, 2), -1);
	fdset_done(&s);
	assert_true(fcntl(mine, F_GETFD) >= 0);
	assert_int_equal(fcntl(other, F_GETFD), -1);
	(void) close(mine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_arrive_and_are_close_on_exec),
		cmocka_unit_test(surplus_descriptors_are_refused_and_closed),
		cmocka_unit_test(a_message_that_does_not_fit_is_refused_with_its_descriptors),
		cmocka_unit_test(foreign_control_data_is_refused),
		cmocka_unit_test(nothing_there_and_nobody_there_are_told_apart),
		cmocka_unit_test(what_cannot_be_sent_is_refused),
		cmocka_unit_test(a_full_queue_never_blocks),
		cmocka_unit_test(what_is_taken_is_not_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
