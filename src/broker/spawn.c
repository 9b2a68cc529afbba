/* SPDX-License-Identifier: MIT */
#include "broker/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "broker/config.h"

/* Put @fds at their places. All are moved out of the way first, as a place may still be taken by
 * one that is needed. */
static int place_fds(const int *fds, size_t n)
{
	int high[SPAWN_FDS_MAX];

	for (size_t i = 0; i < n; i++) {
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, SPAWN_FIRST_FD + SPAWN_FDS_MAX);
		if (high[i] < 0)
			return -errno;
	}
	for (size_t i = 0; i < n; i++) {
		if (dup2(high[i], SPAWN_FIRST_FD + (int) i) < 0)
			return -errno;
	}
	return close_range(SPAWN_FIRST_FD + (unsigned int) n, ~0U, 0) < 0 ? -errno : 0;
}

/* Leave the child @caps: for root by the bounding set, for another user by ambient capabilities. */
static int limit_caps(uint64_t caps)
{
	cap_t now = cap_get_proc();
	int rc = now ? 0 : -errno;

	for (int c = 0; rc == 0 && c < cap_max_bits(); c++) {
		cap_value_t v = c;
		cap_flag_value_t has = CAP_CLEAR;

		if (!(caps >> c & 1)) {
			(void) prctl(PR_CAPBSET_DROP, c, 0, 0, 0); /* needs CAP_SETPCAP */
			continue;
		}
		if (cap_get_flag(now, v, CAP_PERMITTED, &has) == 0 && has)
			rc = cap_set_flag(now, CAP_INHERITABLE, 1, &v, CAP_SET) < 0 ? -errno : 0;
	}
	if (rc == 0 && cap_set_proc(now) < 0)
		rc = -errno;
	for (int c = 0; rc == 0 && c < cap_max_bits(); c++) {
		cap_flag_value_t has = CAP_CLEAR;

		if (cap_get_flag(now, c, CAP_INHERITABLE, &has) == 0 && has &&
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c, 0, 0) < 0)
			rc = -errno;
	}
	(void) cap_free(now);
	return rc;
}

/* The place of @program: beside our own executable, or in the libexec directory. Returns 0 or
 * -ENOENT when there is none to execute. */
static int find_program(const char *program, char *ret, size_t cap)
{
	ssize_t n = readlink("/proc/self/exe", ret, cap - 1);
	char *slash;

	if (n > 0) {
		ret[n] = '\0';
		slash = strrchr(ret, '/');
		if (slash && (size_t) (slash + 1 - ret) + strlen(program) < cap) {
			memcpy(slash + 1, program, strlen(program) + 1);
			if (access(ret, X_OK) == 0)
				return 0;
		}
	}
	(void) snprintf(ret, cap, "%s/%s", LIBEXEC_DIR, program);
	return access(ret, X_OK) < 0 ? -ENOENT : 0;
}

int spawn_check(struct err *e)
{
	static const char *const programs[] = {"packetflix-discover", "packetflix-service",
		"packetflix-reader", "packetflix-dig", "packetflix-compile"};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		if (find_program(programs[i], path, sizeof(path)) < 0)
			return err_set(e, -ENOENT,
				"%s is missing: it belongs beside packetflix or into %s",
				programs[i], LIBEXEC_DIR);
	}
	return 0;
}

static void run_child(const struct spawn *s, pid_t parent)
{
	static char *const no_environment[] = {NULL};
	char path[PATH_MAX];
	sigset_t none;
	int rc;

	(void) sigemptyset(&none);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
		_exit(127);
	rc = limit_caps(s->caps);
	if (rc == 0)
		rc = place_fds(s->fds, s->n_fds);
	if (rc == 0)
		rc = find_program(s->program, path, sizeof(path));
	/* no environment: what the user has in it is none of the children's business */
	if (rc == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0)
		(void) execve(path, s->argv, no_environment);
	log_error("cannot start %s: %s", s->program, strerror(rc < 0 ? -rc : errno));
	_exit(127);
}

pid_t spawn_program(const struct spawn *s, struct err *e)
{
	pid_t parent = getpid(), pid;

	if (s->n_fds > SPAWN_FDS_MAX)
		return err_set(e, -EINVAL, "too many descriptors for %s", s->program);
	pid = fork();
	if (pid < 0)
		return err_sys(e, -errno, "cannot start %s", s->program);
	if (pid == 0)
		run_child(s, parent);
	return pid;
}
