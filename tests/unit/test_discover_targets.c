/* SPDX-License-Identifier: MIT */
/* From processes, namespaces and containers to named, ordered targets and the bytes of /mobyshark.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/own.h"
#include "discover/container/container.h"
#include "discover/mobyshark.h"
#include "discover/targets.h"

/* A host: init and kthreadd in namespace 10, a shim with a container's init in 20, a process that
 * was put into 20 from outside, a dockerd inside that container with a container of its own in 30.
 */
static const struct process host[] = {
	{.pid = 1, .starttime_ticks = 1, .netns = 10, .mntns = 1, .comm = "systemd"},
	{.pid = 2, .starttime_ticks = 1, .netns = 10, .mntns = 1, .comm = "kthreadd"},
	{.pid = 3, .ppid = 2, .starttime_ticks = 1, .netns = 10, .mntns = 1, .comm = "kworker"},
	{.pid = 50, .ppid = 1, .starttime_ticks = 5, .netns = 10, .mntns = 1, .comm = "shim"},
	{.pid = 60, .ppid = 50, .starttime_ticks = 6, .netns = 20, .mntns = 2, .comm = "init"},
	{.pid = 61, .ppid = 60, .starttime_ticks = 6, .netns = 20, .mntns = 2, .comm = "dockerd"},
	{.pid = 62, .ppid = 61, .starttime_ticks = 7, .netns = 30, .mntns = 3, .comm = "sleep"},
	{.pid = 70, .ppid = 50, .starttime_ticks = 9, .netns = 20, .mntns = 2, .comm = "a) b ("},
	{.pid = 71, .ppid = 50, .starttime_ticks = 9, .netns = 0, .mntns = 0, .comm = "zombie"},
};

static struct proc_table table_of(const struct process *v, size_t n)
{
	struct proc_table t = {.n = n};

	t.v = calloc(n, sizeof(*v));
	memcpy(t.v, v, n * sizeof(*v));
	assert_int_equal(proc_table_sort(&t), 0);
	return t;
}

static void add_container(struct container_list *l, const struct process *p, const char *name,
	const char *pod, int32_t engine_pid)
{
	static struct container none;

	l->v = realloc(l->v, (l->n + 1) * sizeof(*l->v));
	l->v[l->n] = none;
	l->v[l->n].proc = p;
	l->v[l->n].type = "docker";
	l->v[l->n].name = strdup(name);
	l->v[l->n].prefix = strdup("");
	(void) snprintf(l->v[l->n].id, sizeof(l->v[l->n].id), "moby/%d%s", (int) p->pid, "ab");
	l->v[l->n].pod = pod ? strdup(pod) : NULL;
	l->v[l->n++].engine_pid = engine_pid;
}

static struct netns_set set_of(const struct proc_table *t)
{
	struct netns_set s = {0};

	assert_int_equal(netns_set_add_processes(&s, t), 0);
	return s;
}

static void leaders_are_where_a_namespace_is_entered(void **state)
{
	struct proc_table t = table_of(host, ARRAY_LEN(host));

	(void) state;
	assert_true(proc_is_netns_leader(&t, proc_table_find(&t, 1)));
	assert_true(proc_is_netns_leader(&t, proc_table_find(&t, 60)));
	assert_true(proc_is_netns_leader(&t, proc_table_find(&t, 70)));
	assert_false(proc_is_netns_leader(&t, proc_table_find(&t, 61)));
	assert_false(proc_is_netns_leader(&t, proc_table_find(&t, 71)));
	proc_table_done(&t);
}

static void a_younger_parent_is_no_parent(void **state)
{
	static const struct process v[] = {
		{.pid = 5, .ppid = 9, .starttime_ticks = 10, .netns = 1},
		{.pid = 9, .ppid = 1, .starttime_ticks = 11, .netns = 1},
	};
	struct proc_table t = table_of(v, ARRAY_LEN(v));

	(void) state;
	assert_null(proc_table_parent(&t, proc_table_find(&t, 5)));
	proc_table_done(&t);
}

static void the_ealdorman_refers_to_its_namespace(void **state)
{
	struct proc_table t = table_of(host, ARRAY_LEN(host));
	struct netns_set s = set_of(&t);

	(void) state;
	netns_set_sort(&s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.v[1].ref.inode, 20);
	assert_int_equal(s.v[1].ref.kind, NS_REF_PROC);
	assert_int_equal(s.v[1].ref.pid, 60);
	assert_int_equal(s.v[1].ref.starttime_ticks, 6);
	netns_set_done(&s);
	proc_table_done(&t);
}

static void processes_are_preferred_to_places(void **state)
{
	struct proc_table t = table_of(host, ARRAY_LEN(host));
	struct netns_set s = set_of(&t);
	const struct ns_ref known = {.inode = 20, .kind = NS_REF_MOUNT, .pid = 1, .index = 7};
	const struct ns_ref fresh = {.inode = 40, .kind = NS_REF_MOUNT, .pid = 1, .index = 8};

	(void) state;
	assert_int_equal(netns_set_add(&s, &known, "/proc/1/ns/mnt:/run/netns/a"), 0);
	assert_int_equal(netns_set_add(&s, &fresh, "/proc/1/ns/mnt:/run/netns/\n\xff"), 0);
	netns_set_sort(&s);
	assert_int_equal(s.n, 4);
	assert_null(s.v[1].place);
	assert_string_equal(s.v[3].place, "/proc/1/ns/mnt:/run/netns/??");
	netns_set_done(&s);
	proc_table_done(&t);
}

static void nested_containers_carry_the_names_around_them(void **state)
{
	struct proc_table t = table_of(host, ARRAY_LEN(host));
	struct container_list l = {0};

	(void) state;
	add_container(&l, proc_table_find(&t, 60), "kind", NULL, 0);
	add_container(&l, proc_table_find(&t, 62), "inner", NULL, 61);
	assert_int_equal(container_list_nest(&l, &t), 0);
	assert_string_equal(l.v[0].prefix, "");
	assert_string_equal(l.v[1].prefix, "kind");
	container_list_done(&l);
	proc_table_done(&t);
}

static void prefixes_begin_with_the_outermost_name(void **state)
{
	static const struct process v[] = {
		{.pid = 1, .starttime_ticks = 1, .netns = 1},
		{.pid = 2000, .ppid = 1, .starttime_ticks = 2, .netns = 2},
		{.pid = 3000, .ppid = 2000, .starttime_ticks = 3, .netns = 3},
		{.pid = 4000, .ppid = 3000, .starttime_ticks = 4, .netns = 4},
	};
	struct proc_table t = table_of(v, ARRAY_LEN(v));
	struct container_list l = {0};

	(void) state;
	add_container(&l, proc_table_find(&t, 4000), "c", NULL, 0);
	add_container(&l, proc_table_find(&t, 2000), "a", NULL, 0);
	add_container(&l, proc_table_find(&t, 3000), "b", NULL, 0);
	assert_int_equal(container_list_nest(&l, &t), 0);
	assert_string_equal(l.v[0].prefix, "a/b");
	assert_string_equal(l.v[2].prefix, "a");
	container_list_done(&l);
	proc_table_done(&t);
}

/* Every target of @c as TYPE:PREFIX:NAME, joined by blanks. */
static void describe(const struct catalog *c, char *ret, size_t cap_bytes)
{
	size_t at = 0;

	ret[0] = '\0';
	for (uint32_t i = 0; i < c->n_targets; i++)
		at += (size_t) snprintf(ret + at, cap_bytes - at, "%s%s:%s:%s", i ? " " : "",
			c->targets[i].type, c->targets[i].prefix, c->targets[i].name);
}

static void targets_are_named_and_ordered(void **state)
{
	struct proc_table t = table_of(host, ARRAY_LEN(host));
	struct netns_set s = set_of(&t);
	struct container_list l = {0};
	const struct ns_ref place = {.inode = 40, .kind = NS_REF_MOUNT, .pid = 1, .index = 8};
	struct catalog c;
	char all[512];

	(void) state;
	assert_int_equal(netns_set_add(&s, &place, "/proc/1/ns/mnt:/run/netns/blue"), 0);
	netns_set_sort(&s);
	add_container(&l, proc_table_find(&t, 62), "zeta", NULL, 61);
	add_container(&l, proc_table_find(&t, 60), "kind", NULL, 0);
	assert_int_equal(container_list_nest(&l, &t), 0);
	assert_int_equal(targets_make(&s, &t, &l, &c), 0);
	describe(&c, all, sizeof(all));
	assert_string_equal(all, "docker::kind docker:kind:zeta proc::a) b ((70) proc::systemd(1) "
				 "bindmount::/proc/1/ns/mnt:/run/netns/blue");
	assert_int_equal(c.targets[4].pid, 0);
	assert_int_equal(c.targets[4].netns_inode, 40);
	assert_string_equal(c.targets[0].id, "60ab");
	assert_string_equal(c.targets[1].id, "62ab");
	assert_string_equal(c.targets[2].id, "");
	catalog_done(&c);
	container_list_done(&l);
	netns_set_done(&s);
	proc_table_done(&t);
}

static void a_pod_is_one_target_by_its_oldest_container(void **state)
{
	struct proc_table t = table_of(host, ARRAY_LEN(host));
	struct netns_set s = set_of(&t);
	struct container_list l = {0};
	struct catalog c;

	(void) state;
	netns_set_sort(&s);
	add_container(&l, proc_table_find(&t, 70), "k8s_web", "default/web", 0);
	add_container(&l, proc_table_find(&t, 60), "k8s_POD", "default/web", 0);
	assert_int_equal(targets_make(&s, &t, &l, &c), 0);
	assert_string_equal(c.targets[0].type, "pod");
	assert_string_equal(c.targets[0].name, "default/web");
	assert_int_equal(c.targets[0].pid, 60);
	assert_string_equal(c.targets[0].id, "60ab");
	assert_string_equal(c.targets[1].type, "proc");
	catalog_done(&c);
	container_list_done(&l);
	netns_set_done(&s);
	proc_table_done(&t);
}

static void hostile_process_names_are_made_safe(void **state)
{
	static const struct process v[] = {
		{.pid = 7, .starttime_ticks = 1, .netns = 1, .comm = "\xff\x1b[2J\n"}};
	struct proc_table t = table_of(v, ARRAY_LEN(v));
	struct netns_set s = set_of(&t);
	struct container_list l = {0};
	struct catalog c;

	(void) state;
	assert_int_equal(targets_make(&s, &t, &l, &c), 0);
	assert_string_equal(c.targets[0].name, "??[2J?(7)");
	catalog_done(&c);
	netns_set_done(&s);
	proc_table_done(&t);
}

static void json_has_exactly_the_members_of_the_contract(void **state)
{
	struct catalog_link links[] = {{.ifindex = 1, .operstate = 0, .name = "lo"},
		{.ifindex = 2, .operstate = 2, .name = "down"},
		{.ifindex = 3, .operstate = 6, .name = "eth0"}};
	struct catalog_netns ns = {.ref = {.inode = 20}, .n_links = 3, .links = links};
	struct catalog_target target = {.name = (char *) "a<b>&\"\\\xe2\x80\xa8\xff",
		.type = (char *) "docker",
		.prefix = (char *) "",
		.netns_inode = 20,
		.pid = 60,
		.starttime_ticks = 6};
	const struct catalog c = {.n_netns = 1, .n_targets = 1, .netns = &ns, .targets = &target};
	const struct host h = {.hostname = "box", .cpus = {{0, 3}}, .n_cpus = 1};
	const struct metadata_engine e = {"id", "docker.com", "20.10", 4711};
	const struct mobyshark m = {
		.metadata = {.host = &h, .engines = &e, .n_engines = 1, .wall_ns = 1500000000},
		.catalog = &c};
	static const char expected[] =
		"\"containers\":[{\"name\":\"a\\u003cb\\u003e\\u0026\\\"\\\\\\u2028\\ufffd\","
		"\"type\":\"docker\",\"netns\":20,\"network-interfaces\":[\"lo\",\"eth0\"],"
		"\"pid\":60,\"starttime\":6,\"prefix\":\"\"}]}\n";
	static const char head[] = "{\"metadata\":{\"container-engines\":[{\"id\":\"id\","
				   "\"type\":\"docker.com\",\"version\":\"20.10\",\"pid\":4711}],"
				   "\"cpus\":[[0,3]],"
				   "\"creation-timestamp\":\"1970-01-01T00:00:01.500000000Z\",";
	struct text t = {0};

	(void) state;
	mobyshark_put(&t, &m);
	assert_false(t.failed);
	assert_memory_equal(t.p, head, strlen(head));
	assert_true(t.len_bytes > sizeof(expected));
	assert_memory_equal(t.p + t.len_bytes - strlen(expected), expected, strlen(expected));
	text_done(&t);
}

static void an_empty_host_has_empty_lists(void **state)
{
	const struct catalog c = {0};
	const struct host h = {.hostname = ""};
	const struct mobyshark m = {.metadata = {.host = &h}, .catalog = &c};
	struct text t = {0};

	(void) state;
	mobyshark_put(&t, &m);
	text_put_bytes(&t, "", 1);
	assert_non_null(strstr(t.p, "\"container-engines\":[]"));
	assert_non_null(strstr(t.p, "\"containers\":[]}\n"));
	assert_null(strstr(t.p, "cpus"));
	text_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaders_are_where_a_namespace_is_entered),
		cmocka_unit_test(a_younger_parent_is_no_parent),
		cmocka_unit_test(the_ealdorman_refers_to_its_namespace),
		cmocka_unit_test(processes_are_preferred_to_places),
		cmocka_unit_test(nested_containers_carry_the_names_around_them),
		cmocka_unit_test(prefixes_begin_with_the_outermost_name),
		cmocka_unit_test(targets_are_named_and_ordered),
		cmocka_unit_test(a_pod_is_one_target_by_its_oldest_container),
		cmocka_unit_test(hostile_process_names_are_made_safe),
		cmocka_unit_test(json_has_exactly_the_members_of_the_contract),
		cmocka_unit_test(an_empty_host_has_empty_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
