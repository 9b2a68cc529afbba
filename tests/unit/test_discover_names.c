/* SPDX-License-Identifier: MIT */
/* Names for the addresses of a host: of its interfaces, of containers, pods, processes and mounts.
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
#include "discover/names.h"

enum {
	HOST = 10,
	WEB = 20,
	POD = 30,
	ALONE = 40,
	MOUNTED = 50
};

static const struct process processes[] = {
	{.pid = 1, .starttime_ticks = 1, .netns = HOST, .comm = "init"},
	{.pid = 20, .starttime_ticks = 5, .netns = WEB, .comm = "httpd"},
	{.pid = 21, .starttime_ticks = 6, .netns = WEB, .comm = "sidecar"},
	{.pid = 30, .starttime_ticks = 5, .netns = POD, .comm = "pause"},
	{.pid = 40, .starttime_ticks = 5, .netns = ALONE, .comm = "al\xffone"},
	{.pid = 50, .starttime_ticks = 7, .netns = HOST, .comm = "monitor"},
};

static void take_container(
	struct container *c, const struct process *p, char *name, char *pod, bool is_composed)
{
	c->proc = p;
	c->name = name;
	c->pod = pod;
	if (!is_composed)
		return;
	assert_int_equal(labels_set(&c->labels, "com.docker.compose.service", "front"), 0);
	assert_int_equal(labels_set(&c->labels, "com.docker.compose.project", "shop"), 0);
}

/* The names of @c, one line each. */
static const char *lines_of(const struct catalog *c)
{
	static char text[1024];
	size_t len = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < c->n_names; i++) {
		const struct catalog_name *n = &c->names[i];

		len += (size_t) snprintf(text + len, sizeof(text) - len, "%u %u@%u %s\n",
			(unsigned) n->family, n->bytes[n->family == 4 ? 3 : 15],
			(unsigned) n->netns_inode, n->name);
	}
	return text;
}

static void everything_with_an_address_has_the_name_people_know(void **state)
{
	struct netns_addr host[] = {{1, 4, {127, 0, 0, 1}}, {2, 4, {192, 0, 2, 1}},
		{9, 4, {192, 0, 2, 9}}},
			  web[] = {{1, 6, {[15] = 1}}, {2, 4, {192, 0, 2, 2}},
				  {2, 6, {0x20, [15] = 2}}},
			  pod[] = {{2, 4, {192, 0, 2, 3}}}, alone[] = {{2, 4, {192, 0, 2, 4}}},
			  mounted[] = {{2, 4, {192, 0, 2, 5}}};
	struct netns ns[] = {
		{.ref = {.inode = HOST, .pid = 1}, .n_addrs = 3, .addrs = host},
		{.ref = {.inode = WEB, .pid = 20}, .n_addrs = 3, .addrs = web},
		{.ref = {.inode = POD, .pid = 30}, .n_addrs = 1, .addrs = pod},
		{.ref = {.inode = ALONE, .pid = 40}, .n_addrs = 1, .addrs = alone},
		{.ref = {.inode = MOUNTED, .pid = 1},
			.n_addrs = 1,
			.addrs = mounted,
			.place = (char[]){"/proc/1/ns/mnt:/run/netns/blue"}},
	};
	const struct netns_set set = {.v = ns, .n = ARRAY_LEN(ns)};
	struct catalog_link links[] = {
		{.ifindex = 1, .name = "lo"}, {.ifindex = 2, .name = "eth0"}};
	struct catalog_netns netns = {.ref.inode = HOST, .n_links = 2, .links = links};
	struct catalog cat = {.n_netns = 1, .netns = &netns};
	struct container containers[4] = {{0}};
	const struct container_list list = {.v = containers, .n = 4};
	struct proc_table t = {.n = ARRAY_LEN(processes)};

	(void) state;
	t.v = calloc(t.n, sizeof(*t.v));
	memcpy(t.v, processes, sizeof(processes));
	assert_int_equal(proc_table_sort(&t), 0);
	take_container(&containers[0], proc_table_find(&t, 21), (char[]){"sidecar"}, NULL, false);
	take_container(&containers[1], proc_table_find(&t, 20), (char[]){"web"}, NULL, true);
	take_container(
		&containers[2], proc_table_find(&t, 30), (char[]){"x"}, (char[]){"ns/pod"}, false);
	take_container(&containers[3], proc_table_find(&t, 50), (char[]){"monitor"}, NULL, false);
	assert_int_equal(names_make(&set, &t, &list, &(struct names_host){"box", 1}, &cat), 0);
	assert_string_equal(lines_of(&cat), "4 1@10 eth0.box\n"
					    "4 2@20 web\n"
					    "4 2@20 front.shop\n"
					    "4 3@30 ns/pod\n"
					    "4 4@40 al?one(40)\n"
					    "4 5@50 blue\n"
					    "6 2@20 web\n"
					    "6 2@20 front.shop\n");
	free(cat.names);
	labels_done(&containers[1].labels);
	proc_table_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_with_an_address_has_the_name_people_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
