/* SPDX-License-Identifier: MIT */
/* What the document says about tenants: files about names, CPUs, freezers, PID namespaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/own.h"
#include "discover/detail/dns.h"
#include "discover/detail/proc_facts.h"
#include "discover/detail/put_pidns.h"
#include "discover/host/freezer.h"

static void host_names_are_first_lines(void **state)
{
	static const struct {
		const char *text, *name;
	} rows[] = {{"web-1\n", "web-1"}, {"web-1", "web-1"}, {"a\nb\n", "a"}, {"\nb\n", ""},
		{"", ""}, {"dos\r\n", "dos"}, {"a\tb\xff\n", "a?b?"}, {"# x\n", "# x"}};
	char long_text[DNS_LINE_MAX + 2], name[DNS_NAME_MAX + 1];

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		dns_parse_name(rows[i].text, name);
		assert_string_equal(name, rows[i].name);
	}
	memset(long_text, 'x', sizeof(long_text));
	long_text[DNS_LINE_MAX + 1] = '\0';
	dns_parse_name(long_text, name);
	assert_string_equal(name, "");
	long_text[DNS_LINE_MAX] = '\0';
	dns_parse_name(long_text, name);
	assert_int_equal(strlen(name), DNS_LINE_MAX);
}

static void addresses_have_one_form(void **state)
{
	static const struct {
		const char *text, *address;
	} rows[] = {{"192.0.2.1", "192.0.2.1"}, {"::ffff:192.0.2.1", "192.0.2.1"},
		{"2001:DB8:0:0::1", "2001:db8::1"}, {"::", "::"}, {"192.0.2", NULL},
		{"192.0.2.01", NULL}, {"fe80::1%eth0", NULL}, {"", NULL}, {"name", NULL}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char address[INET6_ADDRSTRLEN] = "untouched";

		assert_int_equal(dns_parse_address(rows[i].text, address), rows[i].address != NULL);
		assert_string_equal(address, rows[i].address ? rows[i].address : "untouched");
	}
}

/* The lists as one text: servers, '|', search list. */
static void join_resolv(const struct dns_resolv *r, char *ret, size_t cap_bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_servers; i++)
		n += (size_t) snprintf(ret + n, cap_bytes - n, "%s ", r->servers[i]);
	n += (size_t) snprintf(ret + n, cap_bytes - n, "|");
	for (size_t i = 0; i < r->n_search; i++)
		n += (size_t) snprintf(ret + n, cap_bytes - n, " %s", r->search[i]);
}

static void resolver_settings_are_read_by_the_rules(void **state)
{
	static const struct {
		const char *text, *found;
	} rows[] = {
		{"nameserver 127.0.0.11\nsearch a.example b.example\n",
			"127.0.0.11 | a.example b.example"},
		{"nameserver 192.0.2.1\nnameserver 192.0.2.2 2001:db8::2\n",
			"192.0.2.1 192.0.2.2 2001:db8::2 |"},
		{"  nameserver\t192.0.2.1 # no comment 192.0.2.9\n", "192.0.2.1 192.0.2.9 |"},
		{"#nameserver 192.0.2.1\n;search x\n", "|"},
		{"search a\nsearch b c\n", "| b c"},
		{"search a\nsearch\n", "|"},
		{"search a\ndomain b\n", "| b"},
		{"domain b\nsearch a\n", "| a"},
		{"search a\ndomain b c\n", "| a"},
		{"search a\ndomain\n", "| a"},
		{"options ndots:5\nNAMESERVER 192.0.2.1\nnameservers 192.0.2.1\n", "|"},
		{"nameserver\nnameserver 999.0.2.1\nnameserver host\n", "|"},
		{"nameserver 192.0.2.1\r\nsearch a\r\n", "192.0.2.1 | a"},
		{"nameserver 192.0.2.1", "192.0.2.1 |"},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *text = strdup(rows[i].text);
		struct dns_resolv r;
		char found[512];

		assert_int_equal(dns_parse_resolv(text, &r), 0);
		join_resolv(&r, found, sizeof(found));
		assert_string_equal(found, rows[i].found);
		dns_resolv_done(&r);
	}
}

static void hosts_are_read_by_the_rules(void **state)
{
	static const struct {
		const char *text, *found;
	} rows[] = {
		{"127.0.0.1\tlocalhost\n", "localhost=127.0.0.1 "},
		{"127.0.0.1 a b # c\n# 192.0.2.1 d\n", "a=127.0.0.1 b=127.0.0.1 "},
		{"192.0.2.1 a b\n192.0.2.2 a\n", "a=192.0.2.2 b=192.0.2.1 "},
		{"192.0.2.1 a#b\n", "a=192.0.2.1 "},
		{"a 192.0.2.1\n192.0.2.300 b\n192.0.2.1\n", ""},
		{"::ffff:192.0.2.1 a\n::1 ip6-localhost\n", "a=192.0.2.1 ip6-localhost=::1 "},
		{"\n \t\n192.0.2.1 \xff\x01", "?\?=192.0.2.1 "},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *text = strdup(rows[i].text);
		struct dns_hosts h;
		char found[512] = "";
		size_t n = 0;

		assert_int_equal(dns_parse_hosts(text, &h), 0);
		for (size_t j = 0; j < h.n; j++)
			n += (size_t) snprintf(found + n, sizeof(found) - n, "%s=%s ", h.v[j].name,
				h.v[j].address);
		assert_string_equal(found, rows[i].found);
		dns_hosts_done(&h);
	}
}

/* @n lines, each ending in a number. */
static char *lines(const char *head, const char *name, size_t n)
{
	char *text = calloc(n + 1, 64);
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += (size_t) snprintf(text + len, 64, "%s%s%zu\n", head, name, i);
	return text;
}

static void lists_end_at_their_limits(void **state)
{
	AUTO_FREE char *hosts = lines("192.0.2.1 ", "h", DNS_HOSTS_MAX + 1);
	AUTO_FREE char *servers = lines("nameserver ", "192.0.2.", DNS_SERVERS_MAX + 1);
	char name[DNS_NAME_MAX + 32] = "192.0.2.1 ", search[16 * DNS_SEARCH_MAX] = "search";
	struct dns_hosts h;
	struct dns_resolv r;

	(void) state;
	assert_int_equal(dns_parse_hosts(hosts, &h), 0);
	assert_int_equal(h.n, DNS_HOSTS_MAX);
	dns_hosts_done(&h);
	assert_int_equal(dns_parse_resolv(servers, &r), 0);
	assert_int_equal(r.n_servers, DNS_SERVERS_MAX);
	dns_resolv_done(&r);
	for (size_t i = 0; i <= DNS_SEARCH_MAX; i++)
		strcat(search, " x");
	assert_int_equal(dns_parse_resolv(search, &r), 0);
	assert_int_equal(r.n_search, DNS_SEARCH_MAX);
	dns_resolv_done(&r);
	memset(name + 10, 'n', DNS_NAME_MAX);
	assert_int_equal(dns_parse_hosts(name, &h), 0);
	assert_int_equal(h.n, 0);
	dns_hosts_done(&h);
	name[9] = ' ';
	name[10 + DNS_NAME_MAX - 1] = '\0';
	assert_int_equal(dns_parse_hosts(name, &h), 0);
	assert_int_equal(h.n, 1);
	dns_hosts_done(&h);
}

static void files_are_read_once_and_of_the_process_that_is_meant(void **state)
{
	AUTO_CLOSE int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct process p = {.pid = getpid()};
	struct dns_files f;
	const struct dns *first, *again, *other;
	struct proc_facts facts;
	struct procstat st;

	(void) state;
	assert_int_equal(procstat_read(proc, p.pid, &st), 0);
	assert_int_equal(dns_files_init(&f, proc), 0);
	p.starttime_ticks = st.starttime_ticks + 1;
	assert_int_equal(dns_files_read(&f, &p, &other), 0);
	proc_facts_read(proc, &p, &facts);
	assert_null(other);
	assert_true(facts.pidns == 0 && facts.capbnd == 0 && facts.argv[0] == '\0');
	p.starttime_ticks = st.starttime_ticks;
	assert_int_equal(dns_files_read(&f, &p, &first), 0);
	assert_int_equal(dns_files_read(&f, &p, &again), 0);
	proc_facts_read(proc, &p, &facts);
	assert_non_null(first);
	assert_ptr_equal(first, again);
	assert_int_equal(f.n, 1);
	assert_true(facts.pidns != 0 && facts.capbnd != 0 && facts.argv[0] != '\0');
	dns_files_done(&f);
}

static void masks_become_ranges(void **state)
{
	static const struct {
		unsigned char mask[3];
		const char *found;
	} rows[] = {{{0, 0, 0}, ""}, {{1, 0, 0}, "0-0 "}, {{0xff, 0xff, 0xff}, "0-23 "},
		{{0x80, 0x01, 0}, "7-8 "}, {{0x05, 0, 0x80}, "0-0 2-2 23-23 "}};
	unsigned char many[PROC_FACTS_RANGES_MAX / 4 + 8];
	uint32_t ranges[PROC_FACTS_RANGES_MAX][2];

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = proc_facts_ranges(rows[i].mask, 3, ranges), len = 0;
		char found[128] = "";

		for (size_t j = 0; j < n; j++)
			len += (size_t) snprintf(found + len, sizeof(found) - len, "%u-%u ",
				ranges[j][0], ranges[j][1]);
		assert_string_equal(found, rows[i].found);
	}
	memset(many, 0x55, sizeof(many));
	assert_int_equal(proc_facts_ranges(many, sizeof(many), ranges), PROC_FACTS_RANGES_MAX);
}

static void the_freezer_is_found_in_either_version(void **state)
{
	static const struct {
		const char *text, *path;
	} rows[] = {
		{"3:cpu,cpuacct:/a\n2:freezer:/b/c\n0::/d\n",
			"/sys/fs/cgroup/freezer/b/c/freezer.state"},
		{"0::/system.slice/x.scope\n", "/sys/fs/cgroup/system.slice/x.scope/cgroup.events"},
		{"1:name=systemd:/freezer:/x\n0::/d", "/sys/fs/cgroup/d/cgroup.events"},
		{"0::/../../x\n", NULL},
		{"2:freezer:b\n", NULL},
		{"", NULL},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct freezer_file f;

		assert_int_equal(freezer_file_of(rows[i].text, &f), rows[i].path != NULL);
		if (rows[i].path)
			assert_string_equal(f.path, rows[i].path);
	}
}

static void pid_namespaces_become_trees(void **state)
{
	struct process procs[] = {{.pid = 1}, {.pid = 10, .ppid = 1}, {.pid = 11, .ppid = 10},
		{.pid = 20, .ppid = 1}};
	uint64_t of_process[] = {100, 300, 300, 200};
	struct container containers[] = {
		{.proc = &procs[1]}, {.proc = &procs[2]}, {.proc = &procs[3]}};
	struct proc_table table = {.v = procs, .n = ARRAY_LEN(procs)};
	struct container_list list = {.v = containers, .n = ARRAY_LEN(containers)};
	struct pidns v[] = {{.inode = 300, .parent_inode = 100},
		{.inode = 200, .parent_inode = 100}, {.inode = 100},
		{.inode = 400, .parent_inode = 999}};
	struct pidns_tree tree = {.v = v, .n = ARRAY_LEN(v), .of_process = of_process};
	struct text t = {0};

	(void) state;
	pidns_tree_link(&tree);
	assert_int_equal(put_pid_namespaces(&t, &tree, &table, &list), 0);
	text_put_bytes(&t, "", 1);
	assert_string_equal(t.p,
		"\"pid-namespaces\":[{\"id\":\"pidns-100\",\"pidnsid\":100,\"children\":["
		"{\"id\":\"pidns-200\",\"pidnsid\":200,\"children\":[],\"container-idrefs\":"
		"[\"cont-20\"]},"
		"{\"id\":\"pidns-300\",\"pidnsid\":300,\"children\":[],\"container-idrefs\":"
		"[\"cont-10\"]}],\"container-idrefs\":[]},"
		"{\"id\":\"pidns-400\",\"pidnsid\":400,\"children\":[],\"container-idrefs\":[]}]");
	text_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_names_are_first_lines),
		cmocka_unit_test(addresses_have_one_form),
		cmocka_unit_test(resolver_settings_are_read_by_the_rules),
		cmocka_unit_test(hosts_are_read_by_the_rules),
		cmocka_unit_test(lists_end_at_their_limits),
		cmocka_unit_test(files_are_read_once_and_of_the_process_that_is_meant),
		cmocka_unit_test(masks_become_ranges),
		cmocka_unit_test(the_freezer_is_found_in_either_version),
		cmocka_unit_test(pid_namespaces_become_trees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
