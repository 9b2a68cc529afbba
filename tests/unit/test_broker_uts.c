/* SPDX-License-Identifier: MIT */
/* The broker tells host names of the namespaces that were meant, of no other ones, and stays where
 * it is. Needs root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ns_link.h"
#include "base/own.h"
#include "base/procstat.h"
#include "broker/broker.h"
#include "broker/process.h"
#include "proto/fdpass.h"

/* 64 bytes: as long as the kernel allows */
static const char name[] = "0123456789012345678901234567890123456789012345678901234567890123";

struct scene {
	struct broker b;
	int peer; /* where the answers arrive */
	pid_t child;
	struct uts_ref ref; /* of the child's namespace */
};

static void live_in_own_namespace(int ready)
{
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWUTS) < 0 || sethostname(name, strlen(name)) < 0)
		_exit(1);
	(void) write(ready, "", 1);
	(void) pause();
	_exit(0);
}

static void read_ref(struct scene *s)
{
	struct procstat st;
	char path[32];

	assert_int_equal(procstat_read(s->b.procfd, s->child, &st), 0);
	(void) snprintf(path, sizeof(path), "%d/ns/uts", (int) s->child);
	s->ref = (struct uts_ref){
		ns_link_read(s->b.procfd, path, "uts"), (uint32_t) s->child, st.starttime_ticks};
	assert_true(s->ref.inode != 0);
}

static int set_up(void **state)
{
	static struct scene s;
	int pair[2], ready[2];
	char c;

	memset(&s, 0, sizeof(s));
	assert_int_equal(fdpass_pair(pair), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	s.b.procfd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s.b.own_uts_fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	s.b.discover.channel = pair[0];
	s.peer = pair[1];
	s.child = fork();
	if (s.child == 0)
		live_in_own_namespace(ready[1]);
	(void) close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	(void) close(ready[0]);
	read_ref(&s);
	*state = &s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;

	(void) kill(s->child, SIGKILL);
	(void) waitpid(s->child, NULL, 0);
	close_p(&s->b.procfd);
	close_p(&s->b.own_uts_fd);
	close_p(&s->b.discover.channel);
	close_p(&s->peer);
	return 0;
}

/* What the broker answers. */
static struct msg_uts_names ask(struct scene *s, const struct msg_uts_refs *refs)
{
	struct fdset fds = FDSET_NONE;
	struct msg m;

	op_uts_names(&s->b, 5, refs);
	assert_int_equal(msg_recv(s->peer, &m, &fds), 1);
	assert_int_equal(m.op, MSG_UTS_NAMES_TOLD);
	assert_int_equal(m.id, 5);
	assert_int_equal(fds.n, 0);
	assert_int_equal(m.u.uts_names.n, refs->n);
	return m.u.uts_names;
}

static void seven_names_of_full_length_fit_one_answer(void **state)
{
	struct scene *s = *state;
	struct msg_uts_refs refs = {.n = MSG_UTS_MAX};
	struct msg_uts_names told;
	uint64_t before = ns_link_read(s->b.procfd, "self/ns/uts", "uts");

	for (size_t i = 0; i < MSG_UTS_MAX; i++)
		refs.v[i] = s->ref;
	told = ask(s, &refs);
	for (size_t i = 0; i < MSG_UTS_MAX; i++)
		assert_string_equal(told.v[i], name);
	assert_int_equal(ns_link_read(s->b.procfd, "self/ns/uts", "uts"), before);
}

static void nothing_is_told_of_others_than_the_one_meant(void **state)
{
	struct scene *s = *state;
	struct msg_uts_refs refs = {.n = 6};
	struct msg_uts_names told;

	for (size_t i = 0; i < refs.n; i++)
		refs.v[i] = s->ref;
	refs.v[0].starttime_ticks++;
	refs.v[1].inode++;
	refs.v[2].inode = ns_link_read(s->b.procfd, "self/ns/net", "net");
	refs.v[3].pid = 0;
	refs.v[4].pid = UINT32_MAX;
	told = ask(s, &refs);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(told.v[i], "");
	assert_string_equal(told.v[5], name);
}

static void nothing_is_told_of_a_process_that_has_ended(void **state)
{
	struct scene *s = *state;
	struct msg_uts_refs refs = {.n = 1, .v = {s->ref}};

	(void) kill(s->child, SIGKILL);
	assert_int_equal(waitpid(s->child, NULL, 0), s->child);
	assert_string_equal(ask(s, &refs).v[0], "");
}

static void a_process_is_held_by_number_and_start_time(void **state)
{
	struct scene *s = *state;
	AUTO_CLOSE int fd = process_hold(s->b.procfd, s->ref.pid, s->ref.starttime_ticks, NULL);
	struct err e = ERR_NONE;

	assert_true(fd >= 0 && process_lives(fd));
	assert_true(process_hold(s->b.procfd, s->ref.pid, s->ref.starttime_ticks - 1, &e) < 0);
	assert_true(e.text[0] != '\0');
	(void) kill(s->child, SIGKILL);
	assert_int_equal(waitpid(s->child, NULL, 0), s->child);
	assert_false(process_lives(fd));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			seven_names_of_full_length_fit_one_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			nothing_is_told_of_others_than_the_one_meant, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			nothing_is_told_of_a_process_that_has_ended, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_process_is_held_by_number_and_start_time, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
