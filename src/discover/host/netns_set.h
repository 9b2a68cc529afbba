/* SPDX-License-Identifier: MIT */
/* The network namespaces of the host, each with the best way to reach it. */
#ifndef DISCOVER_NETNS_SET_H
#define DISCOVER_NETNS_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/host/inode_map.h"
#include "discover/host/proc_table.h"
#include "proto/catalog.h"

/* In the place of a mounted namespace, what stands in front of the mount point. */
#define NETNS_PLACE_MOUNT "/ns/mnt:"

#define NETNS_ADDRS_MAX 4096 /* of one namespace; more are left out */

/* An address in a namespace. */
struct netns_addr {
	uint32_t ifindex;
	uint8_t family;    /* 4 or 6 */
	uint8_t bytes[16]; /* 4 or 16 in use, the rest zero */
};

struct netns {
	struct ns_ref ref;
	char *place; /* owned; where it is kept when no process is in it ("/proc/1/ns/mnt:/run/x"),
		      * NULL for NS_REF_PROC */
	bool is_guess; /* a namespace, but perhaps of another type: the broker's answer tells */
	uint32_t n_links;
	struct catalog_link *links; /* owned, by ifindex */
	uint32_t n_addrs;
	struct netns_addr *addrs; /* owned, in the kernel's order */
};

struct netns_set {
	struct netns *v; /* owned; sorted by inode after netns_set_sort() */
	size_t n, cap;
	struct inode_map index; /* inode -> index in v; invalid after netns_set_sort() */
};

void netns_set_done(struct netns_set *s);

/* Add the namespace of @ref unless it is there already: what is added first is preferred. @place is
 * copied, made valid UTF-8 without control characters; NULL for NS_REF_PROC. Returns 0 or -ENOMEM,
 * or -ENOSPC beyond CATALOG_NETNS_MAX namespaces. */
int netns_set_add(struct netns_set *s, const struct ns_ref *ref, const char *place);

/* True if the namespace is in the (unsorted) set. */
bool netns_set_has(const struct netns_set *s, uint64_t inode);

/* Add the namespaces of all processes, each by its ealdorman: the oldest leader, of those of one
 * age the one with the smallest pid. Errors of netns_set_add(). */
int netns_set_add_processes(struct netns_set *s, const struct proc_table *procs);

/* Add the namespaces that are bind-mounted somewhere in any mount namespace, by way of that mount
 * namespace's oldest process, older mount namespaces first. Reads /proc/PID/mountinfo once per
 * mount namespace; what cannot be read is passed over. Errors of netns_set_add(). */
int netns_set_add_mounts(struct netns_set *s, int procfd, const struct proc_table *procs);

/* Add the namespaces that are only held by an open descriptor, older processes first. Our own
 * processes do not count. A descriptor that was opened where the namespace is, or was, mounted does
 * not tell the type of the namespace: it is added as a guess. What cannot be read is passed over.
 * Errors of netns_set_add(). */
int netns_set_add_fds(struct netns_set *s, int procfd, const struct proc_table *procs);

/* Take out the guesses that the broker did not answer for. Keeps the order. */
void netns_set_drop_guesses(struct netns_set *s);

/* Sort by inode: the order of the catalog. Nothing can be added afterwards. */
void netns_set_sort(struct netns_set *s);

#endif
