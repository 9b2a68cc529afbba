/* SPDX-License-Identifier: MIT */
/* Giving rights up, started as root and as another user with file capabilities: what is left is
 * asked of the kernel, in a process of its own for each. Needs root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "sandbox/drop.h"

#define SOME_USER 12345

/* What a started copy of this program finds wrong, as its exit status: the line of the check. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return __LINE__ % 256 ? __LINE__ % 256 : 1;                                \
	} while (0)

static bool has_any_capability(void)
{
	cap_t now = cap_get_proc(), none = cap_init();
	bool differ = !now || !none || cap_compare(now, none) != 0;

	(void) cap_free(now);
	(void) cap_free(none);
	return differ;
}

static int judge_root(void)
{
	AUTO_CLOSEDIR DIR *d = opendir("/");
	struct dirent *entry;
	struct stat here, above;

	CHECK(d);
	while ((entry = readdir(d)))
		CHECK(strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
	CHECK(stat(".", &here) == 0 && stat("../../..", &above) == 0);
	CHECK(here.st_ino == above.st_ino && here.st_dev == above.st_dev);
	CHECK(chroot(".") < 0 && errno == EPERM);
	CHECK(mkdir("/d", 0700) < 0 && open("/f", O_WRONLY | O_CREAT, 0600) < 0);
	CHECK(mount("none", "/", "tmpfs", 0, NULL) < 0 && errno == EPERM);
	CHECK(access("/proc/self", F_OK) < 0 && errno == ENOENT);
	return 0;
}

static int judge_rights(void)
{
	CHECK(!has_any_capability());
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
		prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	for (int c = 0; c <= CAP_LAST_CAP; c++)
		CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, c, 0, 0) == 0);
	CHECK(setuid(0) < 0 && seteuid(0) < 0 && setgid(0) < 0 && setgroups(0, NULL) < 0);
	CHECK(socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM);
	CHECK(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0 && errno == EPERM);
	return 0;
}

static int judge_limits(void)
{
	struct rlimit files, size, core, processes;

	CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max == 16);
	CHECK(getrlimit(RLIMIT_FSIZE, &size) == 0 && size.rlim_max == 0);
	CHECK(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0);
	CHECK(getrlimit(RLIMIT_NPROC, &processes) == 0 && processes.rlim_max == 0);
	return 0;
}

static const struct sandbox_ids OWN_IDS = {65530, 65531};

static int drop_all(void)
{
	struct err e = ERR_NONE;
	const struct sandbox_drop drop = {.empty_root_fd = sandbox_empty_root(&e),
		.ids = &OWN_IDS,
		.dies_with_parent = true,
		.max_files = 16,
		.no_new_files = true,
		.no_new_processes = true};

	CHECK(drop.empty_root_fd >= 0);
	if (sandbox_drop(&drop, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	CHECK(close(drop.empty_root_fd) == 0);
	return 0;
}

static int judge_all(uid_t uid, gid_t gid)
{
	uid_t r, f, s;
	gid_t gr, gf, gs;
	int rc = drop_all(), death_signal = 0;

	CHECK(rc == 0 && getresuid(&r, &f, &s) == 0 && getresgid(&gr, &gf, &gs) == 0);
	CHECK(r == uid && f == uid && s == uid && gr == gid && gf == gid && gs == gid);
	/* the change of user clears it */
	CHECK(prctl(PR_GET_PDEATHSIG, &death_signal, 0, 0, 0) == 0 && death_signal == SIGKILL);
	rc = judge_root();
	if (rc == 0)
		rc = judge_rights();
	return rc ? rc : judge_limits();
}

/* As root the groups go, too, and nothing is left in the bounding set. */
static int as_root(void)
{
	int rc = judge_all(OWN_IDS.uid, OWN_IDS.gid);

	CHECK(rc == 0 && getgroups(0, NULL) == 0);
	for (int c = 0; c <= CAP_LAST_CAP; c++)
		CHECK(prctl(PR_CAPBSET_READ, c, 0, 0, 0) == 0);
	return 0;
}

static int as_user(void)
{
	CHECK(getuid() == SOME_USER && has_any_capability());
	return judge_all(SOME_USER, SOME_USER);
}

/* A user without file capabilities cannot change the root: that must not pass silently. */
static int as_plain_user(void)
{
	struct err e = ERR_NONE;
	const struct sandbox_drop drop = {.empty_root_fd = open("/", O_RDONLY | O_DIRECTORY)};

	CHECK(getuid() == SOME_USER && !has_any_capability());
	CHECK(sandbox_drop(&drop, &e) < 0 && e.text[0]);
	return 0;
}

/* Map user @uid alone, as itself, into a new user namespace. */
static int unshare_with(uid_t uid)
{
	char line[64];
	AUTO_CLOSE int map = -1;
	AUTO_CLOSE int map_group = -1;
	int n, ready[2], status;
	pid_t child;

	CHECK(pipe(ready) == 0);
	/* the map is written from outside: only there two ids may be mapped */
	child = fork();
	if (child == 0) {
		char c;
		pid_t parent = getppid();

		(void) !read(ready[0], &c, 1);
		(void) snprintf(line, sizeof(line), "/proc/%d/uid_map", (int) parent);
		map = open(line, O_WRONLY);
		(void) snprintf(line, sizeof(line), "/proc/%d/gid_map", (int) parent);
		map_group = open(line, O_WRONLY);
		n = uid ? snprintf(line, sizeof(line), "0 0 1\n%u %u 1\n", uid, uid)
			: snprintf(line, sizeof(line), "0 0 1\n");
		_exit(write(map, line, (size_t) n) != n || write(map_group, line, (size_t) n) != n);
	}
	CHECK(unshare(CLONE_NEWUSER) == 0 && write(ready[1], "x", 1) == 1);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	return 0;
}

/* The own user is not mapped into this user namespace, but `nobody` is. */
static int with_nobody(void)
{
	const struct sandbox_drop drop = {.empty_root_fd = -1, .ids = &OWN_IDS};
	struct err e = ERR_NONE;

	CHECK(unshare_with(SANDBOX_NOBODY) == 0);
	CHECK(sandbox_drop(&drop, &e) == 0 && getuid() == SANDBOX_NOBODY &&
		getgid() == SANDBOX_NOBODY);
	return 0;
}

static int with_no_user(void)
{
	const struct sandbox_drop drop = {.empty_root_fd = -1, .ids = &OWN_IDS};
	struct err e = ERR_NONE;

	CHECK(unshare_with(0) == 0);
	CHECK(sandbox_drop(&drop, &e) == -EINVAL && strstr(e.text, "65530") &&
		strstr(e.text, "map"));
	return 0;
}

static int keeping(void)
{
	struct err e = ERR_NONE;
	const struct sandbox_drop drop = {.empty_root_fd = -1, .keep_caps = 1ULL << CAP_SYS_PTRACE};
	AUTO_CLOSE int packet = -1;

	CHECK(sandbox_drop(&drop, &e) == 0 && getuid() == 0);
	CHECK(prctl(PR_CAPBSET_READ, CAP_SYS_PTRACE, 0, 0, 0) == 1);
	CHECK(prctl(PR_CAPBSET_READ, CAP_NET_RAW, 0, 0, 0) == 0);
	packet = socket(AF_PACKET, SOCK_RAW, 0);
	CHECK(packet < 0);
	CHECK(setuid(SOME_USER) < 0);
	return 0;
}

static const struct {
	const char *word;
	int (*run)(void);
} roles[] = {{"--as-root", as_root}, {"--as-user", as_user}, {"--as-plain-user", as_plain_user},
	{"--keeping", keeping}, {"--with-nobody", with_nobody}, {"--with-no-user", with_no_user}};

/* Copy this program to @path, with @caps as its file capabilities if there are any. */
static void copy_self(char *path, const char *caps)
{
	AUTO_CLOSE int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), out = mkstemp(path);
	char buf[65536];
	ssize_t n;
	cap_t c = caps ? cap_from_text(caps) : NULL;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		assert_int_equal(write(out, buf, (size_t) n), n);
	assert_int_equal(fchmod(out, 0755), 0);
	if (c)
		assert_int_equal(cap_set_fd(out, c), 0);
	(void) cap_free(c);
}

/* Start a copy with @word as user @uid; its exit status. */
static int start(const char *word, uid_t uid, const char *caps)
{
	char path[] = "/tmp/packetflix-test-XXXXXX";
	int status = -1;
	pid_t pid;

	copy_self(path, caps);
	pid = fork();
	if (pid == 0) {
		if (uid && (setgroups(0, NULL) < 0 || setgid(uid) < 0 || setuid(uid) < 0))
			_exit(127);
		(void) execl(path, path, word, (char *) NULL);
		_exit(127);
	}
	(void) waitpid(pid, &status, 0);
	(void) unlink(path);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void root_becomes_a_user_with_nothing(void **state)
{
	(void) state;
	assert_int_equal(start("--as-root", 0, NULL), 0);
}

static void where_its_user_is_not_mapped_it_becomes_nobody_or_says_so(void **state)
{
	(void) state;
	assert_int_equal(start("--with-nobody", 0, NULL), 0);
	assert_int_equal(start("--with-no-user", 0, NULL), 0);
}

static void a_user_with_file_capabilities_keeps_only_its_name(void **state)
{
	(void) state;
	assert_int_equal(start("--as-user", SOME_USER,
				 "cap_sys_admin,cap_sys_chroot,cap_net_raw,cap_sys_ptrace=ep"),
		0);
}

static void with_the_right_to_it_the_bounding_set_goes_too(void **state)
{
	(void) state;
	assert_int_equal(
		start("--as-user", SOME_USER, "cap_sys_admin,cap_sys_chroot,cap_setpcap=ep"), 0);
}

static void without_the_right_to_drop_it_fails_with_words(void **state)
{
	(void) state;
	assert_int_equal(start("--as-plain-user", SOME_USER, NULL), 0);
}

static void what_is_to_be_kept_is_kept_and_no_more(void **state)
{
	(void) state;
	assert_int_equal(start("--keeping", 0, NULL), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_becomes_a_user_with_nothing),
		cmocka_unit_test(where_its_user_is_not_mapped_it_becomes_nobody_or_says_so),
		cmocka_unit_test(a_user_with_file_capabilities_keeps_only_its_name),
		cmocka_unit_test(with_the_right_to_it_the_bounding_set_goes_too),
		cmocka_unit_test(without_the_right_to_drop_it_fails_with_words),
		cmocka_unit_test(what_is_to_be_kept_is_kept_and_no_more),
	};

	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(roles); i++) {
		if (strcmp(argv[1], roles[i].word) == 0)
			return roles[i].run();
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
