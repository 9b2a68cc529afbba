/* SPDX-License-Identifier: MIT */
#include "sandbox/drop.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/own.h"

int sandbox_empty_root(struct err *e)
{
	AUTO_CLOSE int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int root;

	if (fs < 0)
		return err_sys(e, -errno, "cannot open an empty file system");
	if (fsconfig(fs, FSCONFIG_SET_STRING, "size", "4096", 0) < 0 ||
		fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(e, -errno, "cannot make an empty file system");
	root = fsmount(fs, FSMOUNT_CLOEXEC,
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return root < 0 ? err_sys(e, -errno, "cannot mount an empty file system") : root;
}

static int change_root(int dirfd, struct err *e)
{
	if (fchdir(dirfd) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return err_sys(e, -errno, "cannot change to the empty root");
	if (access("/proc", F_OK) == 0 || errno != ENOENT)
		return err_set(e, -EPERM, "the new root is not empty");
	return 0;
}

static int set_ids(const struct sandbox_ids *ids)
{
	if (setresgid(ids->gid, ids->gid, ids->gid) < 0 ||
		setresuid(ids->uid, ids->uid, ids->uid) < 0)
		return -errno;
	return 0;
}

static int change_ids(const struct sandbox_ids *wanted, struct err *e)
{
	static const struct sandbox_ids nobody = {SANDBOX_NOBODY, SANDBOX_NOBODY};
	const struct sandbox_ids *ids = wanted;
	uid_t r, f, s;
	gid_t gr, gf, gs;
	int rc = setgroups(0, NULL) < 0 ? -errno : set_ids(ids);

	if (rc == -EINVAL) {
		ids = &nobody;
		rc = set_ids(ids);
	}
	if (rc == -EINVAL)
		return err_set(e, rc,
			"neither user %u nor user %u exists in this user namespace: map one of "
			"them",
			wanted->uid, nobody.uid);
	if (rc < 0)
		return err_sys(e, rc, "cannot change to user %u", ids->uid);
	if (getresuid(&r, &f, &s) < 0 || getresgid(&gr, &gf, &gs) < 0 || getgroups(0, NULL) != 0 ||
		r != ids->uid || f != r || s != r || gr != ids->gid || gf != gr || gs != gr)
		return err_set(e, -EPERM, "user and group ids did not change");
	return 0;
}

/* The kernel forgets the signal when the user changes, so this comes behind. @parent is the one
 * that had it set before; if it has ended in between, no signal comes any more. */
static int die_with(pid_t parent, struct err *e)
{
	int signal = 0;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
		prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0) < 0 || signal != SIGKILL)
		return err_sys(e, -errno, "cannot follow the parent's end");
	return getppid() == parent ? 0 : err_set(e, -ESRCH, "the parent has ended");
}

static int drop_bounding(uint64_t keep, struct err *e)
{
	for (int c = 0; c < 64; c++) {
		if (keep >> c & 1)
			continue;
		if (prctl(PR_CAPBSET_READ, c, 0, 0, 0) != 1)
			continue;
		/* without CAP_SETPCAP the bounding set stays, but no_new_privs makes it useless */
		if (prctl(PR_CAPBSET_DROP, c, 0, 0, 0) < 0 && errno != EPERM)
			return err_sys(e, -errno, "cannot drop capability %d", c);
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_sys(e, -errno, "cannot clear ambient capabilities");
	return 0;
}

/* Leave exactly those of @keep that are permitted now. */
static int set_caps(uint64_t keep, struct err *e)
{
	cap_t now = cap_get_proc(), next = cap_init();
	int rc = 0;

	if (!now || !next)
		rc = -errno;
	for (int c = 0; rc == 0 && c < cap_max_bits(); c++) {
		cap_value_t v = c;
		cap_flag_value_t has = CAP_CLEAR;

		if (!(keep >> c & 1) || cap_get_flag(now, v, CAP_PERMITTED, &has) < 0 || !has)
			continue;
		if (cap_set_flag(next, CAP_PERMITTED, 1, &v, CAP_SET) < 0 ||
			cap_set_flag(next, CAP_EFFECTIVE, 1, &v, CAP_SET) < 0)
			rc = -errno;
	}
	if (rc == 0 && cap_set_proc(next) < 0)
		rc = -errno;
	(void) cap_free(now);
	(void) cap_free(next);
	return rc < 0 ? err_sys(e, rc, "cannot reduce capabilities") : 0;
}

static int check_caps(uint64_t keep, struct err *e)
{
	static const cap_flag_t flags[] = {CAP_EFFECTIVE, CAP_PERMITTED, CAP_INHERITABLE};
	cap_t now = cap_get_proc();
	int rc = now ? 0 : -errno;

	for (int c = 0; rc == 0 && c < cap_max_bits(); c++) {
		for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
			cap_flag_value_t has = CAP_CLEAR;

			if (cap_get_flag(now, c, flags[i], &has) < 0 || (has && !(keep >> c & 1)))
				rc = -EPERM;
		}
	}
	if (now)
		(void) cap_free(now);
	return rc < 0 ? err_set(e, rc, "capabilities are left that should be gone") : 0;
}

static int set_limit(__rlimit_resource_t what, rlim_t value, struct err *e)
{
	struct rlimit l = {.rlim_cur = value, .rlim_max = value}, back;

	if (setrlimit(what, &l) < 0 || getrlimit(what, &back) < 0)
		return err_sys(e, -errno, "cannot set resource limit %d", (int) what);
	if (back.rlim_max != value)
		return err_set(e, -EPERM, "resource limit %d did not hold", (int) what);
	return 0;
}

/* The files limit is ours to lower, never to raise: a hard limit below it stays. */
static int limit_files(uint32_t max_files, struct err *e)
{
	struct rlimit now;

	if (getrlimit(RLIMIT_NOFILE, &now) < 0)
		return err_sys(e, -errno, "cannot read the limit of open files");
	return set_limit(RLIMIT_NOFILE, now.rlim_max < max_files ? now.rlim_max : max_files, e);
}

static int set_limits(const struct sandbox_drop *d, struct err *e)
{
	int rc = 0;

	if (d->max_files)
		rc = limit_files(d->max_files, e);
	if (rc == 0 && d->no_new_files)
		rc = set_limit(RLIMIT_FSIZE, 0, e);
	if (rc == 0 && d->no_new_files)
		rc = set_limit(RLIMIT_CORE, 0, e);
	if (rc == 0 && d->no_new_processes)
		rc = set_limit(RLIMIT_NPROC, 0, e);
	return rc;
}

int sandbox_drop(const struct sandbox_drop *d, struct err *e)
{
	bool was_root = geteuid() == 0;
	pid_t parent = getppid();
	int rc = 0;

	if (d->empty_root_fd >= 0)
		rc = change_root(d->empty_root_fd, e);
	if (rc == 0)
		rc = drop_bounding(d->keep_caps, e);
	if (rc == 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		rc = err_sys(e, -errno, "cannot keep capabilities over the change of user");
	if (rc == 0 && was_root && d->ids)
		rc = change_ids(d->ids, e);
	if (rc == 0)
		rc = set_caps(d->keep_caps, e);
	if (rc == 0)
		rc = check_caps(d->keep_caps, e);
	if (rc == 0)
		rc = set_limits(d, e);
	if (rc == 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1))
		rc = err_sys(e, -errno, "cannot set no_new_privs");
	if (rc == 0 &&
		(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0))
		rc = err_sys(e, -errno, "cannot make the process non-dumpable");
	if (rc == 0 && d->dies_with_parent)
		rc = die_with(parent, e);
	return rc;
}
