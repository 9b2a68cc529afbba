/* SPDX-License-Identifier: MIT */
/* The containers that OCI runtimes keep account of, in directories of the host's root: found there
 * when no engine tells of them. Each account is read once, however many scans there are, also one
 * of a container that has ended: what a crash left behind stays for long. */
#ifndef DISCOVER_OCI_STATES_H
#define DISCOVER_OCI_STATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/container/oci_state.h"
#include "discover/engine/engines.h"
#include "discover/host/proc_table.h"

#define OCI_STATES_MAX       4096
#define OCI_STATE_MAX_BYTES  (256 << 10)
#define OCI_STATES_BUDGET_MS 50 /* of reading accounts in one scan; the rest waits for the next */

struct oci_entry {
	char id[ENGINE_ID_MAX]; /* as the runtime calls it; letters, digits, "_+-." */
	const char *type;       /* of the target: "oci", "containerd", "CRI"; static */
	uint32_t uid;           /* who wrote it, 0 = root: others' word is good for their own */
	struct oci_state state; /* its name is never empty: without any it is the id */
	uint64_t inode;         /* of its directory: another container of this id has another one */
	bool is_live;           /* its process is there */
	bool is_listed;         /* its directory was, in the last update that came as far */
};

struct oci_states {
	struct oci_entry *v; /* owned; by id */
	size_t n, cap;
};

/* Bring @s up to date: see which processes are in @procs, read what is new, unless one of @engines
 * (NULL: none) whose word is good (struct engine's @privileged) knows of it. Returns 0 or -ENOMEM.
 */
int oci_states_update(struct oci_states *s, int procfd, const struct proc_table *procs,
	const struct engines *engines);

/* The account of container @id, NULL if there is none or its process has ended. Valid until the
 * next update. */
const struct oci_entry *oci_states_find(const struct oci_states *s, const char *id);

void oci_states_done(struct oci_states *s);

#endif
