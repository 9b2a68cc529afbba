/* SPDX-License-Identifier: MIT */
#include "broker/visibility.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

#define PROFILE_BYTES 256
#define LINK_BYTES    64
#define SAMPLE_MAX    64 /* processes */

/* The inode of the initial PID namespace is the same on every machine: PROC_PID_INIT_INO of the
 * kernel's include/linux/proc_ns.h. */
#define INITIAL_PID_NAMESPACE "pid:[4026531836]"

/* Read the link @name below /proc. Returns 0 or a negative errno. */
static int read_link(int procfd, const char *name, char ret[LINK_BYTES])
{
	ssize_t n = readlinkat(procfd, name, ret, LINK_BYTES - 1);

	ret[n < 0 ? 0 : n] = '\0';
	return n < 0 ? -errno : 0;
}

/* Is process 1 in our mount namespace, though not the first one of the machine? Then it belongs to
 * our container. */
static bool is_contained(int procfd)
{
	char own_pid[LINK_BYTES], own_mnt[LINK_BYTES], first_mnt[LINK_BYTES];

	if (read_link(procfd, "self/ns/pid", own_pid) < 0 ||
		strcmp(own_pid, INITIAL_PID_NAMESPACE) == 0)
		return false;
	return read_link(procfd, "self/ns/mnt", own_mnt) == 0 &&
	       read_link(procfd, "1/ns/mnt", first_mnt) == 0 && strcmp(own_mnt, first_mnt) == 0;
}

/* The security profile of this process, without its line end; "" = none. */
static void own_profile(int procfd, char ret[PROFILE_BYTES])
{
	ret[0] = '\0';
	(void) io_read_file(procfd, "self/attr/current", ret, PROFILE_BYTES);
	ret[strcspn(ret, "\n")] = '\0';
}

/* Are most of the first SAMPLE_MAX processes closed to us? A security module can permit access to
 * processes with the same profile alone, and a host can protect single ones. */
static bool are_most_denied(int procfd)
{
	int fd = openat(procfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	unsigned int n = 0, denied = 0;
	const struct dirent *d;

	if (!dir && fd >= 0)
		(void) close(fd);
	while (dir && n < SAMPLE_MAX && (d = readdir(dir))) {
		char name[sizeof(d->d_name) + 16], link[LINK_BYTES];
		int rc;

		if (d->d_name[0] < '0' || d->d_name[0] > '9')
			continue;
		(void) snprintf(name, sizeof(name), "%s/ns/net", d->d_name);
		rc = read_link(procfd, name, link);
		n++;
		denied += rc == -EACCES || rc == -EPERM;
	}
	if (dir)
		(void) closedir(dir);
	return 2 * denied > n;
}

void visibility_check(int procfd, struct warnings *w)
{
	char profile[PROFILE_BYTES];

	own_profile(procfd, profile);
	if (are_most_denied(procfd))
		warnings_add(w, "process-access",
			"the namespaces of most processes cannot be read, so containers cannot be "
			"found. Security profile of packetflix: \"%s\"; with AppArmor use one that "
			"permits ptrace (security_opt: apparmor=unconfined)",
			profile);
	if (is_contained(procfd))
		warnings_add(w, "pid-namespace",
			"packetflix has a PID namespace of its own and sees only what runs in it; "
			"to see the host's containers use the host's (docker: --pid host, "
			"Kubernetes: hostPID: true)");
}
