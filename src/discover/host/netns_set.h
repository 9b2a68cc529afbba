/* SPDX-License-Identifier: MIT */
/* The network namespaces of the host, each with the best way to reach it. */
#ifndef DISCOVER_NETNS_SET_H
#define DISCOVER_NETNS_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/host/held.h"
#include "discover/host/inode_map.h"
#include "discover/host/proc_table.h"
#include "netlink/addr.h"
#include "netlink/link.h"
#include "proto/catalog.h"

/* In the place of a mounted namespace, what stands in front of the mount point. */
#define NETNS_PLACE_MOUNT "/ns/mnt:"

#define NETNS_FOLDER "/run/netns/" /* of ip-netns(8) */

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
	char name[CATALOG_NETNS_NAME_MAX]; /* as in struct catalog_netns */
	bool is_guess;                     /* as struct held */
	bool has_links;                    /* @links was read, or taken over from the scan before */
	int32_t nsid; /* what the broker's namespace calls it, -1 = nothing or not known yet */
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

/* What is kept of a link, @attrs being those of its message, and of an address. */
struct catalog_link netns_link_of(const struct link *link, const struct nl_attrs *attrs);
struct netns_addr netns_addr_of(const struct addr *addr);

void netns_set_done(struct netns_set *s);

/* Add the namespace of @ref unless it is there already: what is added first is preferred, but a
 * name that @place tells is noted in any case. @place is copied, made valid UTF-8 without control
 * characters; NULL for NS_REF_PROC. Returns 0 or -ENOMEM, or -ENOSPC beyond CATALOG_NETNS_MAX
 * namespaces. */
int netns_set_add(struct netns_set *s, const struct ns_ref *ref, const char *place);

/* True if the namespace is in the (unsorted) set. */
bool netns_set_has(const struct netns_set *s, uint64_t inode);

/* Add the namespaces of all processes, each by its ealdorman: the oldest leader, of those of one
 * age the one with the smallest pid. Errors of netns_set_add(). */
int netns_set_add_processes(struct netns_set *s, const struct proc_table *procs);

/* Add the namespaces that are mounted, then those that are only held by an open descriptor. Errors
 * of netns_set_add(). */
int netns_set_add_held(struct netns_set *s, const struct held_list *held);

/* Take out the guesses that the broker did not answer for. Keeps the order. */
void netns_set_drop_guesses(struct netns_set *s);

/* @nsid as a member of an id_set, which has no negative ones. */
uint64_t netns_id_key(int32_t nsid);

/* Take over the link lists of those namespaces of @old (sorted, as @s) that are reached in the same
 * way as before, by a process in @procs that is not fresh, and whose id is not among @changed
 * (sorted netns_id_key()). Returns 0 or -ENOMEM. */
int netns_set_recall_links(struct netns_set *s, const struct netns_set *old,
	const struct proc_table *procs, const struct id_set *changed);

/* Sort by inode: the order of the catalog. Nothing can be added afterwards. */
void netns_set_sort(struct netns_set *s);

/* The namespace in the sorted set, NULL if it is not there. */
struct netns *netns_set_find(const struct netns_set *s, uint64_t inode);

#endif
