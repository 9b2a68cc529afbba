/* SPDX-License-Identifier: MIT */
#include "discover/detail/netstack.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/grow.h"
#include "proto/catalog.h"

/* A dump needs no waiting: the kernel fills the socket while it is read. */
#define DUMP_TIMEOUT_MS 200

int netstacks_init(struct netstacks *s, const struct netns_set *set)
{
	struct netstack *v = calloc(set->n + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++)
		v[i].inode = set->v[i].ref.inode;
	*s = (struct netstacks){v, set->n};
	return 0;
}

void netstacks_done(struct netstacks *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].nifs);
		free(s->v[i].addrs);
		free(s->v[i].routes);
		inode_map_done(&s->v[i].nsids);
	}
	free(s->v);
	*s = (struct netstacks){0};
}

static int add_link(struct netstack *s, const struct nlmsghdr *h)
{
	struct nif nif = {.stack = s}, *v;
	int rc = link_detail_parse(h, &nif.d);

	if (rc != 1 || s->n_nifs >= CATALOG_LINKS_MAX)
		return rc < 0 ? rc : 0;
	v = grow(s->nifs, s->n_nifs, &s->cap_nifs, sizeof(*v));
	if (!v)
		return -ENOMEM;
	nif.is_physical = !nif.d.link.kind[0] && !(nif.d.link.flags & IFF_LOOPBACK);
	s->nifs = v;
	v[s->n_nifs++] = nif;
	return 0;
}

static int add_addr(struct netstack *s, const struct nlmsghdr *h)
{
	struct addr addr, *v;
	bool gone = false;
	int rc = addr_parse(h, &addr, &gone);

	if (rc != 1 || gone || s->n_addrs >= NETSTACK_ADDRS_MAX)
		return rc < 0 ? rc : 0;
	v = grow(s->addrs, s->n_addrs, &s->cap_addrs, sizeof(*v));
	if (!v)
		return -ENOMEM;
	s->addrs = v;
	v[s->n_addrs++] = addr;
	return 0;
}

static int on_route(void *ctx, const struct nlmsghdr *h)
{
	struct netstack *s = ctx;
	struct route route, *v;
	int rc = route_parse(h, &route);

	if (rc != 1 || s->n_routes >= NETSTACK_ROUTES_MAX)
		return rc < 0 ? rc : 0;
	if (route.table != RT_TABLE_MAIN && route.table != RT_TABLE_LOCAL)
		return 0;
	v = grow(s->routes, s->n_routes, &s->cap_routes, sizeof(*v));
	if (!v)
		return -ENOMEM;
	s->routes = v;
	v[s->n_routes++] = route;
	return 0;
}

static int cmp_nif(const void *a, const void *b)
{
	const struct nif *x = a, *y = b;

	return (x->d.link.ifindex > y->d.link.ifindex) - (x->d.link.ifindex < y->d.link.ifindex);
}

static int cmp_addr(const void *a, const void *b)
{
	const struct addr *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	if (x->ifindex != y->ifindex)
		return x->ifindex < y->ifindex ? -1 : 1;
	return memcmp(x->bytes, y->bytes, sizeof(x->bytes));
}

void netstack_sort(struct netstack *s)
{
	if (s->n_nifs > 0)
		qsort(s->nifs, s->n_nifs, sizeof(*s->nifs), cmp_nif);
	if (s->n_addrs > 0)
		qsort(s->addrs, s->n_addrs, sizeof(*s->addrs), cmp_addr);
}

void netstack_take(struct netstack *s, const struct nlmsghdr *h)
{
	/* without memory, or malformed: what is missing is shown as missing */
	if (h->nlmsg_type == RTM_NEWLINK)
		(void) add_link(s, h);
	else
		(void) add_addr(s, h);
}

void netstack_clear(struct netstack *s)
{
	s->n_nifs = s->n_addrs = 0;
}

void netstack_read(struct netstack *s, int sock)
{
	/* what of these is missing is shown as missing */
	(void) route_ask(sock, AF_INET, DUMP_TIMEOUT_MS, on_route, s);
	(void) route_ask(sock, AF_INET6, DUMP_TIMEOUT_MS, on_route, s);
	netstack_sort(s);
	for (size_t i = 0; i < s->n_nifs; i++) {
		struct nif *nif = &s->nifs[i];

		nif->speed_bps = ethtool_speed_bps(sock, nif->d.link.name);
		if (nif->is_physical)
			(void) ethtool_driver_ask(sock, nif->d.link.name, &nif->driver);
	}
}

static int cmp_inode(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *) a, y = ((const struct netstack *) b)->inode;

	return (x > y) - (x < y);
}

struct netstack *netstacks_find(const struct netstacks *s, uint64_t inode)
{
	return s->n ? bsearch(&inode, s->v, s->n, sizeof(*s->v), cmp_inode) : NULL;
}

static int cmp_ifindex(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *) a, y = ((const struct nif *) b)->d.link.ifindex;

	return (x > y) - (x < y);
}

struct nif *netstack_nif(const struct netstack *s, uint32_t ifindex)
{
	return s->n_nifs ? bsearch(&ifindex, s->nifs, s->n_nifs, sizeof(*s->nifs), cmp_ifindex)
			 : NULL;
}

struct netstack *netstacks_by_nsid(
	const struct netstacks *all, const struct netstack *s, int32_t nsid)
{
	const uint32_t *index;

	if (nsid == LINK_NO_NSID)
		return &all->v[s - all->v];
	index = nsid >= 0 ? inode_map_get(&s->nsids, (uint64_t) nsid + 1) : NULL;
	return index ? &all->v[*index] : NULL;
}

struct nif *netstacks_lower(const struct netstacks *all, const struct nif *nif)
{
	uint32_t lower = nif->d.is_vxlan ? nif->d.vxlan.lower : nif->d.lower;
	const struct netstack *s =
		lower ? netstacks_by_nsid(all, nif->stack, nif->d.lower_nsid) : NULL;

	return s ? netstack_nif(s, lower) : NULL;
}
