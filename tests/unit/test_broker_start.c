/* SPDX-License-Identifier: MIT */
/* Where packetflix is started: its capabilities, its memory limit, its users, a kernel without
 * IPv6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "broker/listen.h"
#include "broker/memory_limit.h"
#include "broker/rights.h"
#include "broker/visibility.h"

#define BIT(name) (1ULL << CAP_##name)
#define MIB       (1ULL << 20)

#define NEEDED (BIT(SYS_ADMIN) | BIT(SYS_CHROOT) | BIT(SYS_PTRACE) | BIT(NET_RAW))
#define WANTED (BIT(NET_ADMIN) | BIT(NET_BROADCAST) | BIT(DAC_READ_SEARCH))
#define ROOTS  (BIT(SETUID) | BIT(SETGID))

static void each_missing_capability_is_named_with_its_effect(void **state)
{
	static const struct {
		uint64_t caps;
		uint32_t uid;
		const char *refused; /* in the words, NULL = it starts */
		size_t n_warnings;
	} rows[] = {{NEEDED | WANTED, 1000, NULL, 0}, {NEEDED | WANTED | ROOTS, 0, NULL, 0},
		{0, 1000, "start it as root (sudo)", 0},
		{(NEEDED | WANTED) & ~BIT(SYS_ADMIN), 1000, "CAP_SYS_ADMIN (entering", 0},
		{(NEEDED | WANTED) & ~BIT(SYS_CHROOT), 1000, "CAP_SYS_CHROOT (", 0},
		{(NEEDED | WANTED) & ~BIT(SYS_PTRACE), 1000, "CAP_SYS_PTRACE (finding", 0},
		{(NEEDED | WANTED) & ~BIT(NET_RAW), 1000, "CAP_NET_RAW (capturing", 0},
		{BIT(NET_ADMIN), 1000, "cap_add: [SYS_ADMIN, SYS_CHROOT, SYS_PTRACE, NET_RAW]", 0},
		{NEEDED | WANTED, 0, "cap_add: [SETUID, SETGID], or run it as another user", 0},
		{NEEDED | WANTED | BIT(SETUID), 0, "CAP_SETGID (giving", 0},
		{NEEDED, 1000, NULL, 3}, {NEEDED | ROOTS, 0, NULL, 2},
		{NEEDED | BIT(DAC_OVERRIDE), 1000, NULL, 2},
		{NEEDED | WANTED | ROOTS, 1000, NULL, 0}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct warnings w = {0};
		struct err e = ERR_NONE;
		int rc = rights_check(rows[i].caps, rows[i].uid, &w, &e);

		if (rc != (rows[i].refused ? -EPERM : 0) || w.n != rows[i].n_warnings ||
			(rows[i].refused && !strstr(e.text, rows[i].refused)))
			fail_msg("row %zu: %d, %zu warnings, \"%s\"", i, rc, w.n, e.text);
		for (size_t k = 0; k < w.n; k++) {
			assert_string_equal(w.v[k].kind, "capability");
			assert_non_null(strstr(w.v[k].text, "is missing"));
		}
	}
}

static void a_warning_that_is_too_long_is_cut_and_too_many_are_not_kept(void **state)
{
	struct warnings w = {0};
	char text[2 * WARNING_BYTES];

	(void) state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < WARNINGS_MAX + 3; i++)
		warnings_add(&w, "some-kind", "%s", text);
	assert_int_equal(w.n, WARNINGS_MAX);
	assert_int_equal(strlen(w.v[0].text), WARNING_BYTES - 1);
}

static void permitted_capabilities_become_effective(void **state)
{
	uint64_t before = rights_effective();
	struct err e = ERR_NONE;

	(void) state;
	assert_int_equal(rights_raise(&e), 0);
	assert_true((before & rights_effective()) == before);
}

static void a_user_must_be_mapped_into_the_namespace(void **state)
{
	static const struct sandbox_ids ids = {65530, 65530};
	struct err e = ERR_NONE;

	(void) state;
	assert_int_equal(rights_check_user("         0          0 4294967295\n", &ids, &e), 0);
	assert_int_equal(rights_check_user("0 1000 1\n1 100000 65536\n", &ids, &e), 0);
	assert_int_equal(rights_check_user("0 1000 1\n65534 100000 1\n", &ids, &e), 0);
	assert_int_equal(rights_check_user("0 1000 1\n", &ids, &e), -EINVAL);
	assert_non_null(strstr(e.text, "/etc/subuid"));
	assert_int_equal(rights_check_user("0 1000 1\n1 100000 60000\n", &ids, &e), -EINVAL);
}

/* A folder that stands for /sys/fs/cgroup. */
struct tree {
	char at[64];
};

static void put(const struct tree *t, const char *group, const char *file, const char *text)
{
	char path[512];
	FILE *f;

	(void) snprintf(path, sizeof(path), "%s%s", t->at, group);
	for (char *p = path + strlen(t->at) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		(void) mkdir(path, 0700);
		*p = '/';
	}
	(void) mkdir(path, 0700);
	(void) snprintf(path, sizeof(path), "%s%s/%s", t->at, group, file);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void the_lowest_limit_of_the_groups_counts(void **state)
{
	struct tree t = {"/tmp/pf-cgroup-XXXXXX"};
	char command[128];

	(void) state;
	assert_non_null(mkdtemp(t.at));
	put(&t, "/a", "memory.max", "67108864\n");
	put(&t, "/a/b", "memory.max", "max\n");
	put(&t, "/memory/x/y", "memory.limit_in_bytes", "9223372036854771712\n");
	put(&t, "/memory/x", "memory.limit_in_bytes", "33554432\n");
	assert_true(memory_limit_read_in("0::/a/b\n", t.at) == 64 * MIB);
	assert_true(memory_limit_read_in("0::/a/none\n", t.at) == 64 * MIB);
	assert_true(memory_limit_read_in("0::/\n", t.at) == UINT64_MAX);
	assert_true(
		memory_limit_read_in("3:cpu,cpuacct:/a\n7:memory:/x/y\n0::/\n", t.at) == 32 * MIB);
	assert_true(memory_limit_read_in("4:cpu,memory:/x/y\n0::/a\n", t.at) == 32 * MIB);
	assert_true(memory_limit_read_in("4:memoryx:/x/y\n", t.at) == UINT64_MAX);
	/* a container sees its group as the root, and its name as the host does */
	put(&t, "/memory", "memory.limit_in_bytes", "50331648\n");
	assert_true(memory_limit_read_in("7:memory:/docker/0123\n", t.at) == 48 * MIB);
	put(&t, "", "memory.max", "nonsense\n");
	assert_true(memory_limit_read_in("0::/\n", t.at) == UINT64_MAX);
	assert_true(memory_limit_read_in("", t.at) == UINT64_MAX);
	assert_true(memory_limit_read_in("nonsense\n:\n::\n", t.at) == UINT64_MAX);
	(void) snprintf(command, sizeof(command), "rm -r %s", t.at);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): the folder is ours */
}

static void captures_get_what_the_limit_leaves(void **state)
{
	(void) state;
	assert_true(memory_limit_for_captures(UINT64_MAX) == UINT64_MAX);
	assert_true(memory_limit_for_captures(1024 * MIB) == 1000 * MIB);
	assert_true(memory_limit_for_captures(64 * MIB) == 40 * MIB);
	assert_true(memory_limit_for_captures(32 * MIB) == 8 * MIB);
	assert_true(memory_limit_for_captures(16 * MIB) == 4 * MIB);
	assert_true(memory_default_bytes() <= 1024 * MIB && memory_default_bytes() > 0);
}

/* Look at the host as a user who may not look into processes of others. Returns an exit status. */
static int look_without_rights(void)
{
	struct warnings w = {0};
	int procfd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (procfd < 0 || setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 ||
		setresuid(65534, 65534, 65534) < 0)
		return 2;
	visibility_check(procfd, &w);
	for (size_t i = 0; i < w.n; i++) {
		if (strcmp(w.v[i].kind, "process-access") == 0)
			return strstr(w.v[i].text, "apparmor=unconfined") ? 0 : 3;
	}
	return 4;
}

static void a_host_that_hides_its_processes_is_noticed(void **state)
{
	pid_t pid = fork();
	int status = -1;

	(void) state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(look_without_rights());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void nothing_is_said_of_a_host_that_shows_them(void **state)
{
	struct warnings w = {0};
	int procfd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void) state;
	assert_true(procfd >= 0);
	visibility_check(procfd, &w);
	for (size_t i = 0; i < w.n; i++)
		assert_string_not_equal(w.v[i].kind, "process-access");
	assert_int_equal(close(procfd), 0);
}

/* Without IPv6 in the kernel, socket(2) fails with EAFNOSUPPORT. Returns an exit status. */
static int listen_without_ipv6(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	bool is_loopback = true;
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	struct err e = ERR_NONE;
	int fd;

	if (!ctx ||
		seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_EQ, AF_INET6)) < 0 ||
		seccomp_load(ctx) < 0)
		return 2;
	fd = listen_open("[::]:20", 5001, &is_loopback, &e);
	if (fd < 0 || getsockname(fd, (struct sockaddr *) &a, &len) < 0 || a.ss_family != AF_INET ||
		is_loopback || ((struct sockaddr_in *) &a)->sin_port != htons(20) ||
		((struct sockaddr_in *) &a)->sin_addr.s_addr != htonl(INADDR_ANY))
		return 3;
	return listen_open("::1", 5001, &is_loopback, &e) == -EAFNOSUPPORT && e.text[0] ? 0 : 4;
}

static void all_addresses_are_those_of_ipv4_in_a_kernel_without_ipv6(void **state)
{
	pid_t pid = fork();
	int status = -1;

	(void) state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(listen_without_ipv6());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_missing_capability_is_named_with_its_effect),
		cmocka_unit_test(a_warning_that_is_too_long_is_cut_and_too_many_are_not_kept),
		cmocka_unit_test(permitted_capabilities_become_effective),
		cmocka_unit_test(a_user_must_be_mapped_into_the_namespace),
		cmocka_unit_test(the_lowest_limit_of_the_groups_counts),
		cmocka_unit_test(captures_get_what_the_limit_leaves),
		cmocka_unit_test(a_host_that_hides_its_processes_is_noticed),
		cmocka_unit_test(nothing_is_said_of_a_host_that_shows_them),
		cmocka_unit_test(all_addresses_are_those_of_ipv4_in_a_kernel_without_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
