/* SPDX-License-Identifier: MIT */
/* The whole process against a broker, a service, engines and namespaces of our own. Needs root. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"
#include "discover_fixture.h"
#include "proto/broker.h"

static const char *string_of(const json_t *target, const char *key)
{
	const char *s = json_string_value(json_object_get(target, key));

	return s ? s : "";
}

static uint64_t netns_of(const json_t *target)
{
	return (uint64_t) json_integer_value(json_object_get(target, "netns"));
}

static const json_t *process(const struct fixture *f, const char *comm, pid_t pid)
{
	char name[64];

	(void) snprintf(name, sizeof(name), "%s(%d)", comm, (int) pid);
	return fixture_target(f, name);
}

static void the_first_generation_comes_unasked(void **state)
{
	struct fixture f;

	(void) state;
	fixture_start(&f);
	fixture_next(&f);
	assert_int_equal(f.generation, 1);
	assert_int_equal(f.id, 0);
	assert_true(json_array_size(json_object_get(f.json, "containers")) == f.table.n_targets);
	assert_true(f.table.n_targets > 0);
	assert_int_equal(fixture_stop(&f), 0);
}

static void a_process_started_before_a_refresh_is_in_its_answer(void **state)
{
	struct fixture f;

	(void) state;
	fixture_start(&f);
	fixture_next(&f);
	for (int i = 0; i < 5; i++) {
		pid_t pid = fixture_fork("pf a) b (", fixture_unshare_net, NULL);
		const json_t *t;

		fixture_refresh(&f);
		t = process(&f, "pf a) b (", pid);
		assert_non_null(t);
		assert_string_equal(string_of(t, "type"), "proc");
		assert_int_equal(json_array_size(json_object_get(t, "network-interfaces")), 0);
		assert_int_equal(catalog_find_netns(&f.table, netns_of(t))->n_links, 1);
		fixture_kill(pid);
		fixture_refresh(&f);
		assert_null(process(&f, "pf a) b (", pid));
	}
	assert_int_equal(fixture_stop(&f), 0);
}

/* Keep a network namespace without being in it. */
static void hold_by_descriptor(void *unused)
{
	int ours = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), held;

	(void) unused;
	if (unshare(CLONE_NEWNET) < 0)
		_exit(1);
	held = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (dup2(held, 77) != 77 || close(held) < 0 || setns(ours, CLONE_NEWNET) < 0)
		_exit(1);
}

/* The same by a mount, in a mount namespace of its own. */
static void hold_by_mount(void *unused)
{
	int ours = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	(void) unused;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("pf", "/tmp", "tmpfs", 0, NULL) < 0 ||
		mknod("/tmp/pf-held", S_IFREG | 0600, 0) < 0 || unshare(CLONE_NEWNET) < 0 ||
		mount("/proc/self/ns/net", "/tmp/pf-held", NULL, MS_BIND, NULL) < 0 ||
		setns(ours, CLONE_NEWNET) < 0)
		_exit(1);
}

static void check_place(const struct fixture *f, const char *name, uint8_t kind)
{
	const json_t *t = fixture_target(f, name);
	const struct catalog_netns *ns;

	assert_non_null(t);
	assert_string_equal(string_of(t, "type"), "bindmount");
	assert_int_equal(json_integer_value(json_object_get(t, "pid")), 0);
	ns = catalog_find_netns(&f->table, netns_of(t));
	assert_int_equal(ns->ref.kind, kind);
	assert_int_equal(ns->n_links, 1);
	assert_string_equal(ns->links[0].name, "lo");
}

static void namespaces_without_processes_are_found_where_they_are_kept(void **state)
{
	struct fixture f;
	pid_t by_fd = fixture_fork("pf-fd", hold_by_descriptor, NULL);
	pid_t by_mount = fixture_fork("pf-mount", hold_by_mount, NULL);
	char name[64];

	(void) state;
	fixture_start(&f);
	fixture_next(&f);
	(void) snprintf(name, sizeof(name), "/proc/%d/fd/77", (int) by_fd);
	check_place(&f, name, NS_REF_FD);
	(void) snprintf(name, sizeof(name), "/proc/%d/ns/mnt:/tmp/pf-held", (int) by_mount);
	check_place(&f, name, NS_REF_MOUNT);
	fixture_kill(by_fd);
	fixture_kill(by_mount);
	assert_int_equal(fixture_stop(&f), 0);
}

static void a_namespace_that_cannot_be_asked_stays(void **state)
{
	struct fixture f;
	pid_t pid = fixture_fork("pf-silent", fixture_unshare_net, NULL);
	const json_t *t;

	(void) state;
	fixture_start(&f);
	f.refuses = true;
	fixture_next(&f);
	t = process(&f, "pf-silent", pid);
	assert_non_null(t);
	assert_int_equal(catalog_find_netns(&f.table, netns_of(t))->n_links, 0);
	fixture_kill(pid);
	assert_int_equal(fixture_stop(&f), 0);
}

static const char *state_of(const struct fixture *f)
{
	return string_of(json_object_get(f->json, "metadata"), "state");
}

static void a_broker_that_falls_silent_makes_a_generation_that_says_so(void **state)
{
	struct fixture f;

	(void) state;
	fixture_start(&f);
	f.is_silent = true;
	fixture_next(&f);
	assert_string_equal(state_of(&f), "incomplete");
	f.is_silent = false;
	fixture_refresh(&f);
	assert_string_equal(state_of(&f), "");
	assert_int_equal(fixture_stop(&f), 0);
}

/* Longer than it may be silent. */
static void a_slow_broker_is_waited_for(void **state)
{
	pid_t pids[10];
	struct fixture f;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		pids[i] = fixture_fork("pf-slow", fixture_unshare_net, NULL);
	fixture_start(&f);
	f.pauses = ARRAY_LEN(pids);
	fixture_next(&f);
	assert_string_equal(state_of(&f), "");
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		const json_t *t = process(&f, "pf-slow", pids[i]);

		assert_non_null(t);
		assert_int_equal(catalog_find_netns(&f.table, netns_of(t))->n_links, 1);
		fixture_kill(pids[i]);
	}
	assert_int_equal(f.pauses, 0);
	assert_int_equal(fixture_stop(&f), 0);
}

static void a_new_service_gets_the_newest_generation_at_once(void **state)
{
	struct fixture f;
	uint64_t generation;

	(void) state;
	fixture_start(&f);
	fixture_next(&f);
	fixture_refresh(&f);
	fixture_refresh(&f);
	generation = f.generation;
	fixture_new_channel(&f);
	f.generation = 0;
	fixture_next(&f);
	assert_true(f.generation >= generation);
	assert_int_equal(f.id, 0);
	fixture_refresh(&f);
	assert_int_equal(f.id, 1);
	assert_int_equal(fixture_stop(&f), 0);
}

static void nonsense_on_the_catalog_channel_ends_only_that(void **state)
{
	struct fixture f;

	(void) state;
	fixture_start(&f);
	fixture_next(&f);
	assert_int_equal(write(f.catalog, "nonsense", 8), 8);
	fixture_new_channel(&f);
	f.generation = 0;
	fixture_next(&f);
	fixture_refresh(&f);
	assert_int_equal(fixture_stop(&f), 0);
}

/* Run with an engine of this manner and a container process until one generation has come. */
static void start_with_engine(struct fixture *f, struct fake_engine *e, pid_t *ret_engine)
{
	e->container = fixture_fork("pf-inside", fixture_unshare_net, NULL);
	e->name = "pf-unit-web";
	e->next_name = "pf-unit-renamed";
	*ret_engine = fake_engine_start(e);
	fixture_start(f);
	fixture_next(f);
}

static void stop_with_engine(struct fixture *f, struct fake_engine *e, pid_t engine)
{
	fake_engine_stop(e, engine);
	fixture_kill(e->container);
	assert_int_equal(fixture_stop(f), 0);
}

static void containers_go_by_what_their_engine_calls_them(void **state)
{
	struct fixture f;
	struct fake_engine e = {.manner = FAKE_GOOD};
	pid_t engine;
	const json_t *t;

	(void) state;
	start_with_engine(&f, &e, &engine);
	t = fixture_target(&f, "pf-unit-web");
	assert_non_null(t);
	assert_string_equal(string_of(t, "type"), "docker");
	assert_string_equal(string_of(t, "prefix"), "");
	assert_int_equal(json_integer_value(json_object_get(t, "pid")), e.container);
	assert_null(process(&f, "pf-inside", e.container));
	stop_with_engine(&f, &e, engine);
}

static void what_an_engine_announces_is_published_unasked(void **state)
{
	struct fixture f;
	struct fake_engine e = {.manner = FAKE_GOOD};
	pid_t engine;

	(void) state;
	start_with_engine(&f, &e, &engine);
	assert_int_equal(write(e.announce[1], "x", 1), 1);
	while (!fixture_target(&f, "pf-unit-renamed"))
		fixture_next(&f);
	assert_null(fixture_target(&f, "pf-unit-web"));
	stop_with_engine(&f, &e, engine);
}

static void an_engine_that_does_not_answer_delays_but_one_scan(void **state)
{
	static const enum fake_manner manners[] = {FAKE_SILENT, FAKE_ENDLESS, FAKE_NOISE};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(manners); i++) {
		struct fixture f;
		struct fake_engine e = {.manner = manners[i]};
		pid_t engine;

		start_with_engine(&f, &e, &engine);
		assert_null(fixture_target(&f, "pf-unit-web"));
		assert_non_null(process(&f, "pf-inside", e.container));
		for (int k = 0; k < 5; k++)
			fixture_refresh(&f);
		stop_with_engine(&f, &e, engine);
	}
}

static void do_nothing(void *unused)
{
	(void) unused;
}

/* Asking it is over before anybody else was asked. */
static void an_engine_without_a_socket_takes_nothing_away(void **state)
{
	struct fixture f;
	pid_t engine = fixture_fork("dockerd", do_nothing, NULL);
	pid_t pid = fixture_fork("pf-beside", fixture_unshare_net, NULL);
	const json_t *t;

	(void) state;
	fixture_start(&f);
	fixture_next(&f);
	for (int i = 0; i < 3; i++) {
		t = process(&f, "pf-beside", pid);
		assert_non_null(t);
		assert_int_equal(catalog_find_netns(&f.table, netns_of(t))->n_links, 1);
		fixture_refresh(&f);
	}
	fixture_kill(engine);
	fixture_kill(pid);
	assert_int_equal(fixture_stop(&f), 0);
}

static void an_engine_of_a_user_cannot_speak_of_others(void **state)
{
	struct fixture f;
	struct fake_engine e = {.manner = FAKE_GOOD};
	pid_t engine;

	(void) state;
	e.container = fixture_fork("pf-inside", fixture_unshare_net, NULL);
	e.name = e.next_name = "pf-unit-forged";
	assert_int_equal(seteuid(65534), 0);
	engine = fake_engine_start(&e);
	assert_int_equal(seteuid(0), 0);
	fixture_start(&f);
	fixture_next(&f);
	assert_null(fixture_target(&f, "pf-unit-forged"));
	assert_non_null(process(&f, "pf-inside", e.container));
	stop_with_engine(&f, &e, engine);
}

static void an_engine_that_ends_takes_its_names_along(void **state)
{
	struct fixture f;
	struct fake_engine e = {.manner = FAKE_GOOD};
	pid_t engine;

	(void) state;
	start_with_engine(&f, &e, &engine);
	fake_engine_stop(&e, engine);
	fixture_refresh(&f);
	assert_null(fixture_target(&f, "pf-unit-web"));
	assert_non_null(process(&f, "pf-inside", e.container));
	fixture_kill(e.container);
	assert_int_equal(fixture_stop(&f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_generation_comes_unasked),
		cmocka_unit_test(a_process_started_before_a_refresh_is_in_its_answer),
		cmocka_unit_test(namespaces_without_processes_are_found_where_they_are_kept),
		cmocka_unit_test(a_namespace_that_cannot_be_asked_stays),
		cmocka_unit_test(a_broker_that_falls_silent_makes_a_generation_that_says_so),
		cmocka_unit_test(a_slow_broker_is_waited_for),
		cmocka_unit_test(a_new_service_gets_the_newest_generation_at_once),
		cmocka_unit_test(nonsense_on_the_catalog_channel_ends_only_that),
		cmocka_unit_test(containers_go_by_what_their_engine_calls_them),
		cmocka_unit_test(what_an_engine_announces_is_published_unasked),
		cmocka_unit_test(an_engine_that_does_not_answer_delays_but_one_scan),
		cmocka_unit_test(an_engine_without_a_socket_takes_nothing_away),
		cmocka_unit_test(an_engine_of_a_user_cannot_speak_of_others),
		cmocka_unit_test(an_engine_that_ends_takes_its_names_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
