/* SPDX-License-Identifier: MIT */
/* The small parsers of what the kernel writes about processes, mounts and sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/own.h"
#include "discover/host/host.h"
#include "base/mountinfo.h"
#include "base/ns_link.h"
#include "discover/container/pod_name.h"
#include "discover/host/proc_status.h"
#include "discover/engine/unix_sockets.h"

static void namespace_links_are_taken_exactly(void **state)
{
	static const struct {
		const char *text;
		uint64_t inode;
	} cases[] = {
		{"net:[4026531840]", 4026531840},
		{"net:[18446744073709551615]", UINT64_MAX},
		{"net:[18446744073709551616]", 0},
		{"net:[4026531840] ", 0},
		{"net:[4026531840", 0},
		{"net:[]", 0},
		{"net:[012]", 0},
		{"net:[-1]", 0},
		{"net:", 0},
		{"netx:[1]", 0},
		{"mnt:[4026531840]", 0},
		{"", 0},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(ns_link_inode(cases[i].text, "net"), cases[i].inode);
}

static void mounted_namespaces_are_found(void **state)
{
	struct nsfs_mount m;

	(void) state;
	assert_int_equal(mountinfo_parse("313 24 0:4 net:[4026532300] /run/netns/blue rw shared:5 "
					 "- nsfs nsfs rw\n",
				 &m),
		1);
	assert_int_equal(m.netns, 4026532300);
	assert_int_equal(m.mount_id, 313);
	assert_string_equal(m.point, "/run/netns/blue");
}

static void escapes_in_mount_points_are_undone(void **state)
{
	struct nsfs_mount m;

	(void) state;
	assert_int_equal(
		mountinfo_parse("1 2 0:4 net:[7] /a\\040b\\011\\012\\134\\9 rw - nsfs nsfs rw", &m),
		1);
	assert_string_equal(m.point, "/a b\t\n\\\\9");
}

static void other_mounts_and_broken_lines_are_passed_over(void **state)
{
	static const char *const lines[] = {
		"25 30 0:23 / /sys rw,nosuid - sysfs sysfs rw",
		"313 24 0:4 mnt:[4026532300] /run/x rw - nsfs nsfs rw",
		"313 24 0:4 /net:[4026532300] /run/x rw - ext4 /dev/x rw",
		"313 24 0:4 net:[4026532300] /run/x",
		"313 24 0:4 net:[4026532300] relative rw - nsfs nsfs rw",
		"x 24 0:4 net:[4026532300] /run/x rw - nsfs nsfs rw",
		"4294967296 24 0:4 net:[4026532300] /run/x rw - nsfs nsfs rw",
		"313 24 0:4 net:[4026532300]  /run/x rw - nsfs nsfs rw",
		"",
		"\n",
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct nsfs_mount m = {.mount_id = 99};

		assert_int_equal(mountinfo_parse(lines[i], &m), 0);
		assert_int_equal(m.mount_id, 99);
	}
}

static void listening_stream_sockets_with_a_path_are_found(void **state)
{
	static const char line[] =
		"0000000000000000: 00000002 00000000 00010000 0001 01 20941 /run/docker.sock";
	uint64_t inode = 0;

	(void) state;
	assert_string_equal(unix_sockets_parse(line, &inode), "/run/docker.sock");
	assert_int_equal(inode, 20941);
	/* the blank belongs to the path */
	assert_string_equal(
		unix_sockets_parse("ffff888: 00000002 00000000 00010000 0001 01 1 /a b ", &inode),
		"/a b ");
}

static void other_sockets_are_passed_over(void **state)
{
	static const char *const lines[] = {
		"Num       RefCount Protocol Flags    Type St Inode Path",
		"0: 00000003 00000000 00000000 0001 03 20941 /run/docker.sock",
		"0: 00000002 00000000 00010000 0005 01 20941 /run/udev/control",
		"0: 00000002 00000000 00010000 0001 01 20941 @/abstract",
		"0: 00000002 00000000 00010000 0001 01 20941 relative",
		"0: 00000002 00000000 00010000 0001 01 20941",
		"0: 00000002 00000000 00010000 0001 01 99999999999999999999999 /x",
		"",
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		uint64_t inode = 7;

		assert_null(unix_sockets_parse(lines[i], &inode));
		assert_int_equal(inode, 7);
	}
}

static void status_tells_user_and_pids(void **state)
{
	struct proc_status st;

	(void) state;
	assert_int_equal(proc_status_parse("Name:\tsh\nUid:\t1000\t1001\t1000\t1000\n"
					   "NSpid:\t4711\t17\t1\nVmPeak:\t1 kB\n",
				 &st),
		0);
	assert_int_equal(st.euid, 1001);
	assert_int_equal(st.n_nspid, 3);
	assert_int_equal(st.nspid[0], 4711);
	assert_int_equal(st.nspid[2], 1);
}

static void incomplete_status_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"Uid:\t0\t0\t0\t0\n",
		"NSpid:\t1\n",
		"Uid:\t0\t0\t0\t0\nNSpid:\n",
		"Uid:\t0\t0\t0\t0\nNSpid:\t0\n",
		"Uid:\t0\t0\t0\t0\nNSpid:\t1x\n",
		"Uid:\tx\nNSpid:\t1\n",
		"Name:\tUid:\t0\t0\nNSpid:\t1\n",
	};
	struct proc_status st;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_true(proc_status_parse(texts[i], &st) < 0);
}

static void cpu_lists_become_ranges(void **state)
{
	uint32_t r[3][2];

	(void) state;
	assert_int_equal(host_parse_cpus("0-3,5\n", r, 3), 2);
	assert_int_equal(r[0][1], 3);
	assert_int_equal(r[1][0], 5);
	assert_int_equal(r[1][1], 5);
	assert_int_equal(host_parse_cpus("0", r, 3), 1);
	assert_int_equal(host_parse_cpus("0,2,4,6\n", r, 3), 3);
	assert_int_equal(host_parse_cpus("", r, 3), 0);
	assert_int_equal(host_parse_cpus("3-1\n", r, 3), 0);
	assert_int_equal(host_parse_cpus("0,\n", r, 3), 0);
	assert_int_equal(host_parse_cpus("0-\n", r, 3), 0);
}

static void os_release_values_are_unquoted(void **state)
{
	static const char text[] = "PRETTY_NAME=\"x\"\nNAME=\"Debian \\\"GNU\\\"\"\nVERSION='12'\n"
				   "BAD=a\x01\xff";
	char v[32];

	(void) state;
	host_parse_osrel(text, "NAME", v, sizeof(v));
	assert_string_equal(v, "Debian \"GNU\"");
	host_parse_osrel(text, "VERSION", v, sizeof(v));
	assert_string_equal(v, "12");
	host_parse_osrel(text, "BAD", v, sizeof(v));
	assert_string_equal(v, "a??");
	host_parse_osrel(text, "ID", v, sizeof(v));
	assert_string_equal(v, "");
	host_parse_osrel(text, "PRETTY_NAME", v, 1);
	assert_string_equal(v, "");
}

static void dockershim_names_tell_their_pod(void **state)
{
	static const struct {
		const char *name, *pod;
	} cases[] = {
		{"k8s_POD_nginx_default_8c2f-1_0", "default/nginx"},
		{"k8s_web_nginx_kube-system_8c2f_0_1f2e", "kube-system/nginx"},
		{"k8s_web_nginx_default_8c2f", NULL},
		{"k8s_web_nginx_default_8c2f_0_1_2", NULL},
		{"k8s_web__default_8c2f_0", NULL},
		{"k8s_web_nginx_default_8c2f_0_", NULL},
		{"k8s_Web_nginx_default_8c2f_0", NULL},
		{"k8s_web_-nginx_default_8c2f_0", NULL},
		{"k8s_web_nginx_de.fault_8c2f_0", NULL},
		{"k8s_PO_nginx_default_8c2f_0", NULL},
		{"web", NULL},
		{"", NULL},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct labels labels = {0};
		char *pod = NULL;

		assert_int_equal(pod_name_of_dockershim(cases[i].name, &labels, &pod), 0);
		if (cases[i].pod) {
			assert_string_equal(pod, cases[i].pod);
			assert_non_null(labels_get(&labels, "io.kubernetes.container.name"));
			assert_int_equal(
				strncmp(labels_get(&labels, "io.kubernetes.pod.uid"), "8c2f", 4),
				0);
			assert_int_equal(
				labels_get(&labels, "io.kubernetes.sandbox") != NULL, i == 0);
		} else {
			assert_null(pod);
			assert_int_equal(labels.n, 0);
		}
		labels_done(&labels);
		free(pod);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(namespace_links_are_taken_exactly),
		cmocka_unit_test(mounted_namespaces_are_found),
		cmocka_unit_test(escapes_in_mount_points_are_undone),
		cmocka_unit_test(other_mounts_and_broken_lines_are_passed_over),
		cmocka_unit_test(listening_stream_sockets_with_a_path_are_found),
		cmocka_unit_test(other_sockets_are_passed_over),
		cmocka_unit_test(status_tells_user_and_pids),
		cmocka_unit_test(incomplete_status_is_refused),
		cmocka_unit_test(cpu_lists_become_ranges),
		cmocka_unit_test(os_release_values_are_unquoted),
		cmocka_unit_test(dockershim_names_tell_their_pod),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
