/* SPDX-License-Identifier: MIT */
/* What the service tries in its sandbox. Needs root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "sandbox/calls.h"
#include "sandbox/drop.h"
#include "sandbox/roles.h"
#include "sandbox/trial.h"

static const struct sandbox_ids ids = {65530, 65530};

static int enter(struct err *e)
{
	int root = sandbox_empty_root(e);

	return root < 0 ? root : role_enter_service(root, &ids, false, e);
}

static int enter_proxying(struct err *e)
{
	int root = sandbox_empty_root(e);

	return root < 0 ? root : role_enter_service(root, &ids, true, e);
}

static void no_file_is_opened_or_changed(void **state)
{
	size_t n;
	const struct call *calls = calls_files(&n);

	(void) state;
	trials_end(enter, calls, n, EPERM);
	trials_end(enter_proxying, calls, n, EPERM);
}

static void no_process_is_started_or_touched(void **state)
{
	size_t n;
	const struct call *calls = calls_processes(&n);

	(void) state;
	trials_end(enter, calls, n, EPERM);
	trials_end(enter_proxying, calls, n, EPERM);
}

static void the_machine_and_its_own_rights_stay_as_they_are(void **state)
{
	size_t n;
	const struct call *calls = calls_machine(&n);

	(void) state;
	trials_end(enter, calls, n, EPERM);
	trials_end(enter_proxying, calls, n, EPERM);
}

static void no_socket_of_any_family_is_made(void **state)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET};

	(void) state;
	for (int family = AF_UNSPEC; family < AF_MAX; family++) {
		for (size_t i = 0; i < 4; i++) {
			struct call c = CALL(socket, family, types[i], 0);

			trials_end(enter, &c, 1, EPERM);
		}
	}
}

static void proxying_allows_internet_streams_and_datagrams_alone(void **state)
{
	static const int families[] = {AF_INET, AF_INET6};
	static const int wrong[] = {
		AF_UNIX, AF_PACKET, AF_NETLINK, AF_VSOCK, AF_ALG, AF_XDP, AF_CAN};

	(void) state;
	for (size_t i = 0; i < 2; i++) {
		const struct call good[] = {
			CALL(socket, families[i], SOCK_STREAM | SOCK_CLOEXEC, 0),
			CALL(socket, families[i], SOCK_DGRAM | SOCK_NONBLOCK, 0)};
		const struct call raw[] = {CALL(socket, families[i], SOCK_RAW, IPPROTO_RAW),
			CALL(socket, families[i], SOCK_PACKET, 0)};

		trials_end(enter_proxying, good, 2, TRIAL_SUCCEEDED);
		trials_end(enter_proxying, raw, 2, EPERM);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct call c[] = {CALL(socket, wrong[i], SOCK_STREAM, 0),
			CALL(socket, wrong[i], SOCK_DGRAM, 0), CALL(socket, wrong[i], SOCK_RAW, 0)};

		trials_end(enter_proxying, c, 3, EPERM);
	}
}

static void sockets_are_not_bound_connected_or_paired(void **state)
{
	static int pair[2];
	const struct call calls[] = {CALL(connect, 3, 0, 0), CALL(bind, 3, 0, 0),
		CALL(listen, 3, 1), CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, AT(pair))};

	(void) state;
	trials_end(enter, calls, 4, EPERM);
}

static void memory_is_never_executable(void **state)
{
	static uint8_t page[4096] __attribute__((aligned(4096)));
	const struct call calls[] = {
		CALL(mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		CALL(mmap, 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0),
		CALL(mprotect, AT(page), sizeof(page), PROT_READ | PROT_EXEC),
		CALL(pkey_mprotect, AT(page), sizeof(page), PROT_READ | PROT_EXEC, -1),
		CALL(memfd_create, AT("x"), 0),
	};

	(void) state;
	trials_end(enter, calls, 5, EPERM);
}

/* The numbers of another calling convention of the same kernel are no way around the table. */
static void other_system_call_numbers_are_no_way_out(void **state)
{
	static const long numbers[] = {SYS_socket, SYS_openat, SYS_execve};

	(void) state;
	for (size_t i = 0; i < 3; i++) {
		const struct call c = {"x32", numbers[i] | 0x40000000, {AF_UNIX, SOCK_STREAM}};
		int end = trial_of_call(enter, &c);

		assert_true(end == TRIAL_KILLED || end == EPERM || end == ENOSYS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_file_is_opened_or_changed),
		cmocka_unit_test(no_process_is_started_or_touched),
		cmocka_unit_test(the_machine_and_its_own_rights_stay_as_they_are),
		cmocka_unit_test(no_socket_of_any_family_is_made),
		cmocka_unit_test(proxying_allows_internet_streams_and_datagrams_alone),
		cmocka_unit_test(sockets_are_not_bound_connected_or_paired),
		cmocka_unit_test(memory_is_never_executable),
		cmocka_unit_test(other_system_call_numbers_are_no_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
