/* SPDX-License-Identifier: MIT */
/* Accounts of OCI runtimes are read once, also those of containers that have ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "discover/container/oci_states.h"

#define RUNC "1/root/run/runc"

/* A /proc in which the root of process 1 is a folder of ours. */
struct scene {
	char folder[32];
	int procfd;
	struct oci_states states;
};

static void make(const struct scene *s, const char *path)
{
	assert_int_equal(mkdirat(s->procfd, path, 0700), 0);
}

/* The account of container "box", whose annotations call it @name. */
static void write_account(const struct scene *s, int32_t pid, const char *name)
{
	AUTO_CLOSE int fd = openat(
		s->procfd, RUNC "/box/state.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(dprintf(fd,
			    "{\"init_process_pid\":%d,\"init_process_start\":99,\"config\":{"
			    "\"labels\":[\"io.kubernetes.cri.container-name=%s\"]}}",
			    (int) pid, name) > 0);
}

/* There is an account of process 4711, "first". */
static void setup(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	strcpy(s->folder, "/tmp/pf-oci-XXXXXX");
	assert_non_null(mkdtemp(s->folder));
	s->procfd = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s->procfd >= 0);
	assert_int_equal(symlinkat("/proc/self", s->procfd, "self"), 0);
	make(s, "1");
	make(s, "1/root");
	make(s, "1/root/run");
	make(s, RUNC);
	make(s, RUNC "/box");
	write_account(s, 4711, "first");
}

static void teardown(struct scene *s)
{
	oci_states_done(&s->states);
	(void) unlinkat(s->procfd, "self", 0);
	(void) unlinkat(s->procfd, RUNC, AT_REMOVEDIR);
	(void) unlinkat(s->procfd, "1/root/run", AT_REMOVEDIR);
	(void) unlinkat(s->procfd, "1/root", AT_REMOVEDIR);
	(void) unlinkat(s->procfd, "1", AT_REMOVEDIR);
	close(s->procfd);
	assert_int_equal(rmdir(s->folder), 0);
}

static void remove_account(const struct scene *s, const char *folder)
{
	char path[PATH_MAX];

	(void) snprintf(path, sizeof(path), "%s/state.json", folder);
	assert_int_equal(unlinkat(s->procfd, path, 0), 0);
	assert_int_equal(unlinkat(s->procfd, folder, AT_REMOVEDIR), 0);
}

/* Update with @pid as the only process, none if it is 0. Returns the container's account. */
static const struct oci_entry *look(struct scene *s, int32_t pid)
{
	struct process p = {.pid = pid, .starttime_ticks = 99};
	const struct proc_table procs = {.v = &p, .n = pid > 0};

	assert_int_equal(oci_states_update(&s->states, s->procfd, &procs, NULL), 0);
	return oci_states_find(&s->states, "box");
}

/* As look(); the account is the one that says @name. */
static void look_for(struct scene *s, int32_t pid, const char *name)
{
	const struct oci_entry *e = look(s, pid);

	assert_non_null(e);
	assert_string_equal(e->state.name, name);
}

static void an_account_without_its_process_waits_for_it(void **state)
{
	struct scene s;

	(void) state;
	setup(&s);
	assert_null(look(&s, 0));
	/* what is written there now is not looked at any more */
	write_account(&s, 4712, "second");
	assert_null(look(&s, 4712));
	look_for(&s, 4711, "first");
	remove_account(&s, RUNC "/box");
	teardown(&s);
}

static void a_container_of_the_same_id_has_another_account(void **state)
{
	struct scene s;

	(void) state;
	setup(&s);
	assert_non_null(look(&s, 4711));
	assert_null(look(&s, 0));
	assert_int_equal(renameat(s.procfd, RUNC "/box", s.procfd, "1/old"), 0);
	make(&s, RUNC "/box");
	write_account(&s, 4712, "second");
	look_for(&s, 4712, "second");
	assert_int_equal(s.states.n, 1);
	remove_account(&s, "1/old");
	remove_account(&s, RUNC "/box");
	teardown(&s);
}

static void what_is_gone_is_forgotten(void **state)
{
	struct scene s;

	(void) state;
	setup(&s);
	assert_null(look(&s, 0));
	assert_int_equal(s.states.n, 1);
	remove_account(&s, RUNC "/box");
	assert_null(look(&s, 0)); /* sees that it is gone */
	assert_null(look(&s, 0));
	assert_int_equal(s.states.n, 0);
	teardown(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_account_without_its_process_waits_for_it),
		cmocka_unit_test(a_container_of_the_same_id_has_another_account),
		cmocka_unit_test(what_is_gone_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
