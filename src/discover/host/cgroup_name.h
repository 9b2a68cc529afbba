/* SPDX-License-Identifier: MIT */
/* Which container a process belongs to, by the paths in /proc/PID/cgroup of either version
 * (cgroups(7)). No I/O. Only as good as a guess: engines know better and are asked first. */
#ifndef DISCOVER_CGROUP_NAME_H
#define DISCOVER_CGROUP_NAME_H

#include <stddef.h>

#define CGROUP_ID_MAX 129 /* 64 hex digits, or a name given by a person */

struct cgroup_name {
	const char *type;         /* of the target: "docker", "podman", "containerd", "CRI", "lxc",
				   * "systemd-nspawn"; static */
	char id[CGROUP_ID_MAX];   /* what the engine calls it: full id or name; clean UTF-8 */
	char name[CGROUP_ID_MAX]; /* what to show: the name, or the first 12 digits of an id */
};

/* Find the innermost container in the whole text of a cgroup file. Returns 1, or 0 when it names
 * none; @ret is untouched then. */
int cgroup_name_parse(const char *text, struct cgroup_name *ret);

#endif
