/* SPDX-License-Identifier: MIT */
/* Long pieces of work of discovery let short ones have their turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/yield.h"
#include "discover/detail/document.h"
#include "discover/detail/socket_owners.h"
#include "discover/host/held.h"
#include "discover/host/pidns_tree.h"
#include "discover/host/proc_table.h"

static void count(void *ctx)
{
	++*(int *) ctx;
}

/* This process as the only one, and how many turns others had. */
struct scene {
	int procfd;
	struct process p;
	const struct process *by_age;
	struct proc_table procs;
	int turns;
	struct yield y;
};

static void set_up(struct scene *s)
{
	*s = (struct scene){.procfd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.p = {.pid = getpid(), .ppid = getppid(), .comm = "test"},
		.by_age = &s->p,
		.procs = {.v = &s->p, .n = 1, .by_age = &s->by_age},
		.y = {.fn = count, .ctx = &s->turns}};
	assert_true(s->procfd >= 0);
}

static void turns_have_a_pause_between_them(void **state)
{
	const struct timespec pause = {.tv_nsec = YIELD_PAUSE_NS};
	struct scene s;

	(void) state;
	set_up(&s);
	yield_point(&s.y);
	assert_int_equal(s.turns, 1);
	/* as if it had just had its turn, however slow this machine is */
	s.y.last_ns = INT64_MAX;
	yield_point(&s.y);
	assert_int_equal(s.turns, 1);
	s.y.last_ns = 0;
	yield_point(&s.y);
	assert_int_equal(s.turns, 2);
	(void) nanosleep(&pause, NULL);
	yield_point(&s.y);
	assert_int_equal(s.turns, 3);
	(void) close(s.procfd);
}

static void reading_processes_yields(void **state)
{
	const struct proc_self self = {.pid = getpid(), .broker_pid = getppid()};
	struct proc_table procs;
	struct scene s;

	(void) state;
	set_up(&s);
	assert_int_equal(proc_table_read(s.procfd, &self, &s.y, &procs), 0);
	assert_true(s.turns > 0);
	proc_table_done(&procs);
	(void) close(s.procfd);
}

/* What is held by the process of @s, which shows only mounts or only descriptors. */
static int turns_while_held_is_read(struct scene *s)
{
	static const struct id_set none;
	const struct held_sources sources = {s->procfd, &s->procs, &s->y};
	struct held_list l;

	assert_int_equal(held_read(&sources, NULL, &none, &l), 0);
	held_done(&l);
	(void) close(s->procfd);
	return s->turns;
}

static void reading_mounts_yields(void **state)
{
	struct scene s;

	(void) state;
	set_up(&s);
	s.p.mntns = 1;
	s.p.ours = true;
	assert_int_equal(turns_while_held_is_read(&s), 1);
}

static void reading_descriptors_yields(void **state)
{
	struct scene s;

	(void) state;
	set_up(&s);
	assert_int_equal(turns_while_held_is_read(&s), 1);
}

static void reading_pid_namespaces_yields(void **state)
{
	struct pidns_tree t;
	struct scene s;

	(void) state;
	set_up(&s);
	assert_int_equal(pidns_tree_read(s.procfd, &s.procs, &s.y, &t), 0);
	assert_true(t.n > 0);
	assert_int_equal(s.turns, 1);
	pidns_tree_done(&t);
	(void) close(s.procfd);
}

static void looking_for_owners_of_sockets_yields(void **state)
{
	struct socket_owners o = {0};
	struct scene s;

	(void) state;
	set_up(&s);
	assert_int_equal(socket_owners_want(&o, 1), 0);
	assert_int_equal(socket_owners_read(&o, s.procfd, &s.procs, &s.y), 0);
	assert_int_equal(s.turns, 1);
	socket_owners_done(&o);
	(void) close(s.procfd);
}

static void writing_a_document_yields(void **state)
{
	static const struct host host;
	static const struct container_list containers;
	static struct scan scan;
	struct netns net = {.ref.inode = 4026531840, .nsid = -1};
	struct scene s;
	struct detail detail = {.scan = &scan, .procfd = -1, .yield = &s.y};
	const struct metadata metadata = {.host = &host};
	const struct document d = {
		.detail = &detail, .containers = &containers, .metadata = &metadata};
	AUTO_TEXT struct text t = {0};

	(void) state;
	set_up(&s);
	scan.nets.v = &net;
	scan.nets.n = 1;
	assert_int_equal(document_put(&t, &d), 0);
	assert_true(t.len_bytes > 0);
	assert_int_equal(s.turns, 1);
	(void) close(s.procfd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_have_a_pause_between_them),
		cmocka_unit_test(reading_processes_yields),
		cmocka_unit_test(reading_mounts_yields),
		cmocka_unit_test(reading_descriptors_yields),
		cmocka_unit_test(reading_pid_namespaces_yields),
		cmocka_unit_test(looking_for_owners_of_sockets_yields),
		cmocka_unit_test(writing_a_document_yields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
