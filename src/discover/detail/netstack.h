/* SPDX-License-Identifier: MIT */
/* The links, addresses and routes of network namespaces, and how links belong together. */
#ifndef DETAIL_NETSTACK_H
#define DETAIL_NETSTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/host/inode_map.h"
#include "discover/host/netns_set.h"
#include "netlink/addr.h"
#include "netlink/ethtool.h"
#include "netlink/link_detail.h"
#include "netlink/route.h"

#define NETSTACK_ADDRS_MAX  65536 /* of one namespace; more are left out, as are routes */
#define NETSTACK_ROUTES_MAX 65536

enum sriov_role {
	SRIOV_NONE,
	SRIOV_PF,
	SRIOV_VF,
};

struct engine_network;
struct netstack;

/* A network interface. */
struct nif {
	struct link_detail d;
	const struct netstack *stack; /* the namespace it is in */
	bool is_physical;             /* hardware, as far as the kernel tells */
	struct ethtool_driver driver; /* if is_physical */
	uint64_t speed_bps;           /* 0 = unknown */
	enum sriov_role sriov;
	char pf_bus[ETHTOOL_TEXT_MAX]; /* bus address of a VF's PF */
	/* Set by relations_make(), NULL = none. */
	const struct nif *master;             /* whose port it is; of a VLAN the link below */
	const struct nif *lower;              /* of a macvlan or VXLAN: the link below */
	const struct nif *peer;               /* of a veth */
	const struct nif *pf;                 /* of a VF */
	const struct engine_network *network; /* borrowed; set by nif_names_set() */
};

struct netstack {
	uint64_t inode;
	struct nif *nifs; /* owned; by index */
	size_t n_nifs, cap_nifs;
	struct addr *addrs; /* owned; by family, link, address */
	size_t n_addrs, cap_addrs;
	struct route *routes; /* owned; IPv4 first, else as the kernel orders them */
	size_t n_routes, cap_routes;
	struct inode_map nsids; /* number of another namespace + 1 -> index in struct netstacks */
};

/* All namespaces of a scan, by inode. */
struct netstacks {
	struct netstack *v; /* owned; stays in place */
	size_t n;
};

/* One empty stack for each namespace of @set (sorted). Returns 0 or -ENOMEM; free with
 * netstacks_done(). */
int netstacks_init(struct netstacks *s, const struct netns_set *set);
void netstacks_done(struct netstacks *s);

/* Take what a message of a dump says about a link (RTM_NEWLINK) or an address (RTM_NEWADDR). */
void netstack_take(struct netstack *s, const struct nlmsghdr *h);

/* Forget links and addresses. */
void netstack_clear(struct netstack *s);

/* Once links and addresses are there, sort them, and read what else there is by @sock, a
 * NETLINK_ROUTE socket inside the namespace: routes and drivers. What cannot be read is missing. */
void netstack_read(struct netstack *s, int sock);

/* Sort what was read or made by hand. */
void netstack_sort(struct netstack *s);

/* The namespace with this inode, NULL if there is none. */
struct netstack *netstacks_find(const struct netstacks *s, uint64_t inode);

/* The interface with this index, NULL if there is none. */
struct nif *netstack_nif(const struct netstack *s, uint32_t ifindex);

/* The namespace that @s knows by number @nsid: itself for LINK_NO_NSID; NULL if that is not known.
 */
struct netstack *netstacks_by_nsid(
	const struct netstacks *all, const struct netstack *s, int32_t nsid);

/* The interface on the other side of or below @nif, NULL if it is not known. */
struct nif *netstacks_lower(const struct netstacks *all, const struct nif *nif);

/* The kinds of links that are told apart. */
static inline bool nif_is(const struct nif *nif, const char *kind)
{
	return __builtin_strcmp(nif->d.link.kind, kind) == 0;
}

#endif
