/* SPDX-License-Identifier: MIT */
/* What a reader with its real descriptors tries in its sandbox: nothing may leave through any of
 * them, which a second packet socket in the same namespace watches. Needs root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/membarrier.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/own.h"
#include "proto/fdpass.h"
#include "proto/reader_fds.h"
#include "reader/ring.h"
#include "sandbox/calls.h"
#include "sandbox/drop.h"
#include "sandbox/roles.h"
#include "sandbox/trial.h"

#define STREAM_BYTES 1052672
#define RING_BYTES   524288
#define LOOPBACK     1

static uint8_t frame[64] = {[12] = 0x88, [13] = 0xb5}; /* a protocol for experiments */
static struct sockaddr_ll to_loopback = {
	.sll_family = AF_PACKET, .sll_ifindex = LOOPBACK, .sll_protocol = 0xb588, .sll_halen = 6};
static struct iovec iov = {.iov_base = frame, .iov_len = sizeof(frame)};
static struct msghdr message = {.msg_name = &to_loopback,
	.msg_namelen = sizeof(to_loopback),
	.msg_iov = &iov,
	.msg_iovlen = 1};
static struct mmsghdr messages = {.msg_hdr = {.msg_name = &to_loopback,
					  .msg_namelen = sizeof(to_loopback),
					  .msg_iov = &iov,
					  .msg_iovlen = 1}};
static struct ifreq request = {.ifr_name = "lo"};
static const int one = 1;

/* The descriptors of a reader, made in this test's own network namespace. */
static int place_descriptors(struct err *e)
{
	int pair[2] = {-1, -1};
	int made[READER_FD_END - READER_FD_PACKET];
	int rc = fdpass_pair(pair);

	made[READER_FD_PACKET - 3] = socket(AF_PACKET, SOCK_RAW, 0);
	made[READER_FD_NETLINK - 3] = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	made[READER_FD_BELL - 3] = socket(AF_PACKET, SOCK_RAW, 0);
	made[READER_FD_SPARE1 - 3] = socket(AF_PACKET, SOCK_RAW, 0);
	made[READER_FD_SPARE2 - 3] = socket(AF_PACKET, SOCK_RAW, 0);
	made[READER_FD_STREAM - 3] = memfd_create("stream", MFD_ALLOW_SEALING);
	made[READER_FD_EVENT - 3] = eventfd(0, EFD_NONBLOCK);
	made[READER_FD_SPACE - 3] = eventfd(0, EFD_NONBLOCK);
	made[READER_FD_CONTROL - 3] = pair[1];
	made[READER_FD_ROOT - 3] = sandbox_empty_root(e);
	for (size_t i = 0; i < ARRAY_LEN(made); i++) {
		if (made[i] >= 0)
			made[i] = fcntl(made[i], F_DUPFD, 100);
		if (rc < 0 || made[i] < 0)
			return err_set(e, -EBADF, "cannot make descriptor %zu", i);
	}
	for (size_t i = 0; i < ARRAY_LEN(made); i++)
		(void) dup2(made[i], READER_FD_PACKET + (int) i);
	if (ftruncate(READER_FD_STREAM, STREAM_BYTES) < 0)
		return err_set(e, -EBADF, "cannot size the stream");
	return close_range(READER_FD_END, ~0U, 0);
}

static int enter(struct err *e)
{
	static struct ring ring;
	const struct role_place place = {READER_FD_ROOT, READER_FD_END, {65531, 65531}};
	const struct seccomp_reader_fds fds = {.packet = READER_FD_PACKET,
		.bell = READER_FD_BELL,
		.spare = {READER_FD_SPARE1, READER_FD_SPARE2},
		.event = READER_FD_EVENT};
	int rc = place_descriptors(e);

	if (rc == 0)
		rc = role_enter_reader(&place, e);
	if (rc == 0)
		rc = ring_init(&ring, READER_FD_PACKET, RING_BYTES, 10, e);
	return rc < 0 ? rc : seccomp_reader(&fds, e);
}

/* Just the descriptors, without giving anything up: what a trial does without a sandbox. */
static int enter_nothing(struct err *e)
{
	return place_descriptors(e);
}

/* A namespace of our own with its loopback up, and a socket that sees every frame in it. */
static int make_namespace(void **state)
{
	static int watcher;
	struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};

	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	watcher = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL));
	*state = &watcher;
	return watcher < 0 || ioctl(watcher, SIOCSIFFLAGS, &up) < 0 ||
	       bind(watcher, (struct sockaddr *) &all, sizeof(all)) < 0;
}

static int count_frames(void **state)
{
	uint8_t buf[2048];
	int n = 0;

	while (recv(*(int *) *state, buf, sizeof(buf), 0) >= 0)
		n++;
	return n;
}

/* Without this nothing below would mean anything. */
static void the_watcher_sees_what_is_sent_without_a_sandbox(void **state)
{
	const struct call calls[] = {
		CALL(sendto, READER_FD_PACKET, AT(frame), sizeof(frame), 0, AT(&to_loopback),
			sizeof(to_loopback)),
		CALL(sendmsg, READER_FD_PACKET, AT(&message), 0),
		CALL(sendmmsg, READER_FD_PACKET, AT(&messages), 1, 0),
	};

	(void) count_frames(state);
	trials_end(enter_nothing, calls, ARRAY_LEN(calls), TRIAL_SUCCEEDED);
	assert_true(count_frames(state) >= 3);
}

static void nothing_is_sent_through_any_descriptor(void **state)
{
	(void) count_frames(state);
	for (int fd = 0; fd < READER_FD_END; fd++) {
		const struct call calls[] = {
			CALL(sendto, fd, AT(frame), sizeof(frame), 0, AT(&to_loopback),
				sizeof(to_loopback)),
			CALL(sendto, fd, AT(frame), sizeof(frame), 0, 0, 0),
			CALL(sendmsg, fd, AT(&message), 0),
			CALL(sendmmsg, fd, AT(&messages), 1, 0),
			CALL(writev, fd, AT(&iov), 1),
			CALL(pwrite64, fd, AT(frame), sizeof(frame), 0),
			CALL(pwritev, fd, AT(&iov), 1, 0, 0),
			CALL(pwritev2, fd, AT(&iov), 1, 0, 0, 0),
			CALL(sendfile, fd, READER_FD_STREAM, 0, 64),
			CALL(splice, READER_FD_STREAM, 0, fd, 0, 64, 0),
			CALL(tee, READER_FD_STREAM, fd, 64, 0),
			CALL(vmsplice, fd, AT(&iov), 1, 0),
			CALL(copy_file_range, READER_FD_STREAM, 0, fd, 0, 64, 0),
			CALL(connect, fd, AT(&to_loopback), sizeof(to_loopback)),
			CALL(shutdown, fd, SHUT_RDWR),
			CALL(ftruncate, fd, 0),
			CALL(fallocate, fd, 0, 0, 4096),
		};

		trials_end(enter, calls, ARRAY_LEN(calls), TRIAL_KILLED);
	}
	assert_int_equal(count_frames(state), 0);
}

static void only_the_event_descriptor_is_written(void **state)
{
	static const uint64_t count = 1;
	const struct call good = CALL(write, READER_FD_EVENT, AT(&count), sizeof(count));

	trials_end(enter, &good, 1, TRIAL_SUCCEEDED);
	for (int fd = 0; fd < READER_FD_END; fd++) {
		const struct call c = CALL(write, fd, AT(frame), sizeof(frame));

		if (fd != READER_FD_EVENT)
			trials_end(enter, &c, 1, TRIAL_KILLED);
	}
	assert_int_equal(count_frames(state), 0);
}

/* A transmit ring, a changed queue, a link set down or up: what makes a packet socket send, and
 * what ioctl(2) could change. */
static void sockets_keep_their_options(void **state)
{
	static const struct tpacket_req3 ring = {262144, 1, 2048, 128, 0, 0, 0};

	(void) state;
	for (int fd = 0; fd < READER_FD_END; fd++) {
		const struct call calls[] = {
			CALL(setsockopt, fd, SOL_PACKET, PACKET_TX_RING, AT(&ring), sizeof(ring)),
			CALL(setsockopt, fd, SOL_PACKET, PACKET_RX_RING, AT(&ring), sizeof(ring)),
			CALL(setsockopt, fd, SOL_PACKET, PACKET_QDISC_BYPASS, AT(&one),
				sizeof(one)),
			CALL(setsockopt, fd, SOL_PACKET, PACKET_VNET_HDR, AT(&one), sizeof(one)),
			CALL(setsockopt, fd, SOL_PACKET, PACKET_LOSS, AT(&one), sizeof(one)),
			CALL(setsockopt, fd, SOL_SOCKET, SO_ATTACH_BPF, AT(&one), sizeof(one)),
			CALL(setsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, AT("lo"), 3),
			CALL(setsockopt, fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, AT(&one), 4),
			CALL(ioctl, fd, SIOCSIFFLAGS, AT(&request)),
			CALL(ioctl, fd, SIOCGIFCONF, AT(&request)),
			CALL(ioctl, fd, SIOCSIFADDR, AT(&request)),
			CALL(ioctl, fd, SIOCADDRT, AT(&request)),
			CALL(ioctl, fd, FIOASYNC, AT(&one)),
		};

		trials_end(enter, calls, ARRAY_LEN(calls), TRIAL_KILLED);
	}
}

static bool is_spare(int fd)
{
	return fd == READER_FD_SPARE1 || fd == READER_FD_SPARE2;
}

/* What a running capture does needs its packet sockets alone. A fanout group of the first one can
 * be joined by the spare one, nothing else is a member of any. */
static void filter_and_membership_are_for_the_packet_sockets(void **state)
{
	static struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, 1);
	static const struct sock_fprog program = {1, &all};
	static const struct packet_mreq promiscuous = {LOOPBACK, PACKET_MR_PROMISC, 0, {0}};

	(void) state;
	for (int fd = 0; fd < READER_FD_END; fd++) {
		const struct call calls[] = {
			CALL(setsockopt, fd, SOL_SOCKET, SO_ATTACH_FILTER, AT(&program),
				sizeof(program)),
			CALL(bind, fd, AT(&to_loopback), sizeof(to_loopback)),
		};
		const struct call join = CALL(setsockopt, fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP,
			AT(&promiscuous), sizeof(promiscuous));
		/* refused by the kernel, as there is no filter */
		const struct call detach =
			CALL(setsockopt, fd, SOL_SOCKET, SO_DETACH_FILTER, AT(&one), sizeof(one));
		/* refused by the kernel, as the socket is not bound */
		const struct call group = CALL(setsockopt, fd, SOL_PACKET, PACKET_FANOUT_DATA,
			AT(&program), sizeof(program));
		bool has_ring = fd == READER_FD_PACKET || is_spare(fd);

		trials_end(enter, calls, ARRAY_LEN(calls),
			has_ring || fd == READER_FD_BELL ? TRIAL_SUCCEEDED : TRIAL_KILLED);
		trials_end(enter, &detach, 1,
			has_ring || fd == READER_FD_BELL ? ENOENT : TRIAL_KILLED);
		trials_end(enter, &join, 1, has_ring ? TRIAL_SUCCEEDED : TRIAL_KILLED);
		trials_end(enter, &group, 1, has_ring ? EINVAL : TRIAL_KILLED);
	}
}

static void a_spare_socket_takes_the_place_of_the_first_one_alone(void **state)
{
	(void) state;
	for (int from = 0; from <= READER_FD_END; from++) {
		for (int to = 0; to <= READER_FD_END; to++) {
			const struct call replace = CALL(dup3, from, to, O_CLOEXEC);
			bool is_wanted = is_spare(from) && to == READER_FD_PACKET;

			trials_end(enter, &replace, 1, is_wanted ? TRIAL_SUCCEEDED : TRIAL_KILLED);
		}
	}
}

/* Of membarrier(2), the command that waits for all others and touches none. */
static void waiting_for_the_kernel_is_all_of_membarrier(void **state)
{
	const struct call wait = CALL(membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	const struct call others[] = {
		CALL(membarrier, MEMBARRIER_CMD_QUERY, 0, 0),
		CALL(membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0),
		CALL(membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0),
	};

	(void) state;
	trials_end(enter, &wait, 1, TRIAL_SUCCEEDED);
	trials_end(enter, others, ARRAY_LEN(others), TRIAL_KILLED);
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

static void no_descriptor_is_made(void **state)
{
	static int pair[2];
	const struct call calls[] = {
		CALL(socket, AF_UNIX, SOCK_STREAM, 0),
		CALL(socket, AF_INET, SOCK_DGRAM, 0),
		CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, AT(pair)),
		CALL(accept4, READER_FD_CONTROL, 0, 0, 0),
		CALL(dup, READER_FD_PACKET),
		CALL(dup3, READER_FD_PACKET, 1, 0),
		CALL(fcntl, READER_FD_PACKET, F_DUPFD, 0),
		CALL(fcntl, READER_FD_PACKET, F_SETOWN, 1),
		CALL(memfd_create, AT("x"), 0),
		CALL(pipe2, AT(pair), 0),
		CALL(eventfd2, 0, 0),
		CALL(epoll_create1, 0),
		CALL(timerfd_create, 0, 0),
		CALL(inotify_init1, 0),
	};

	(void) state;
	trials_end(enter, calls, ARRAY_LEN(calls), TRIAL_KILLED);
}

static void memory_is_never_executable(void **state)
{
	static uint8_t page[4096] __attribute__((aligned(4096)));
	const struct call calls[] = {
		CALL(mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		CALL(mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, READER_FD_STREAM, 0),
		CALL(mprotect, AT(page), sizeof(page), PROT_READ | PROT_EXEC),
		CALL(pkey_mprotect, AT(page), sizeof(page), PROT_READ | PROT_EXEC, -1),
	};

	(void) state;
	trials_end(enter, calls, ARRAY_LEN(calls), TRIAL_KILLED);
}

/* The numbers of another calling convention of the same kernel are no way around the table. */
static void other_system_call_numbers_are_no_way_out(void **state)
{
	const struct call c = {"x32 sendto", SYS_sendto | 0x40000000,
		{READER_FD_PACKET, AT(frame), sizeof(frame), 0, AT(&to_loopback),
			sizeof(to_loopback)}};

	trials_end(enter, &c, 1, TRIAL_KILLED);
	assert_int_equal(count_frames(state), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_watcher_sees_what_is_sent_without_a_sandbox),
		cmocka_unit_test(nothing_is_sent_through_any_descriptor),
		cmocka_unit_test(only_the_event_descriptor_is_written),
		cmocka_unit_test(sockets_keep_their_options),
		cmocka_unit_test(filter_and_membership_are_for_the_packet_sockets),
		cmocka_unit_test(a_spare_socket_takes_the_place_of_the_first_one_alone),
		cmocka_unit_test(waiting_for_the_kernel_is_all_of_membarrier),
		cmocka_unit_test(files_processes_and_the_machine_are_out_of_reach),
		cmocka_unit_test(no_descriptor_is_made),
		cmocka_unit_test(memory_is_never_executable),
		cmocka_unit_test(other_system_call_numbers_are_no_way_out),
	};

	return cmocka_run_group_tests(tests, make_namespace, NULL);
}
