/* SPDX-License-Identifier: MIT */
#include "discover/detail/forward_path.h"

#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/grow.h"
#include "discover/host/inode_map.h"

/* Interfaces that hear each other without routing. */
struct segment {
	const struct nif **v; /* owned */
	size_t n, cap;
	struct inode_map seen; /* by where they are in memory */
};

struct destination {
	uint8_t family;
	const uint8_t *address;
};

static size_t length(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

static bool in_subnet(const uint8_t *a, const uint8_t *b, unsigned int prefixlen)
{
	size_t bytes = prefixlen / 8;
	unsigned int bits = prefixlen % 8;

	if (prefixlen > 128 || memcmp(a, b, bytes) != 0)
		return false;
	return bits == 0 || (a[bytes] ^ b[bytes]) >> (8 - bits) == 0;
}

/* The interface by which @s itself takes packets to @to, NULL if it does not. With @only, that
 * interface must have the address. */
static const struct nif *find_owner(
	const struct netstack *s, const struct nif *only, const struct destination *to)
{
	for (size_t i = 0; i < s->n_addrs; i++) {
		const struct addr *a = &s->addrs[i];
		const struct nif *on;

		if (a->family != to->family || (only && a->ifindex != only->d.link.ifindex))
			continue;
		on = netstack_nif(s, a->ifindex);
		if (on && memcmp(a->bytes, to->address, length(to->family)) == 0)
			return on;
		if (on && !only && (on->d.link.flags & IFF_LOOPBACK) &&
			in_subnet(a->bytes, to->address, a->prefixlen))
			return on;
	}
	return NULL;
}

static const struct route *find_route(const struct netstack *s, const struct destination *to)
{
	const struct route *best = NULL;

	for (size_t i = 0; i < s->n_routes; i++) {
		const struct route *r = &s->routes[i];

		if (r->family != to->family || r->type != RTN_UNICAST ||
			r->table != RT_TABLE_MAIN ||
			!in_subnet(r->dst, to->address, r->dst_prefixlen))
			continue;
		if (!best || r->dst_prefixlen > best->dst_prefixlen ||
			(r->dst_prefixlen == best->dst_prefixlen && r->priority < best->priority))
			best = r;
	}
	return best;
}

/* Once each; without memory the segment is smaller. */
static void segment_add(struct segment *g, const struct nif *nif)
{
	const struct nif **v;

	if (!nif || inode_map_add(&g->seen, (uint64_t) (uintptr_t) nif, 0) != 1)
		return;
	v = grow(g->v, g->n, &g->cap, sizeof(const struct nif *));
	if (!v)
		return;
	g->v = v;
	v[g->n++] = nif;
}

static void segment_add_neighbours(
	struct segment *g, const struct relations *relations, const struct nif *nif)
{
	const struct relation *ports;
	size_t n;

	segment_add(g, nif->peer);
	if (nif->master && nif_is(nif->master, "bridge"))
		segment_add(g, nif->master);
	if (!nif_is(nif, "bridge"))
		return;
	ports = relation_list_of(&relations->slaves, nif, &n);
	for (size_t i = 0; i < n; i++) {
		if (ports[i].nif->master == nif)
			segment_add(g, ports[i].nif);
	}
}

/* The namespace that has @to on the segment of @nif. */
static const struct netstack *find_on_segment(
	struct forward_path *p, const struct nif *nif, const struct destination *to)
{
	const struct netstack *found = NULL;
	struct segment g = {0};

	segment_add(&g, nif);
	for (size_t i = 0; i < g.n && !found && p->steps < FORWARD_PATH_STEPS; i++) {
		p->steps += 1 + g.v[i]->stack->n_addrs;
		if (find_owner(g.v[i]->stack, g.v[i], to))
			found = g.v[i]->stack;
		else
			segment_add_neighbours(&g, p->relations, g.v[i]);
	}
	inode_map_done(&g.seen);
	free(g.v);
	return found;
}

const struct netstack *forward_path_find(
	struct forward_path *p, const struct netstack *from, uint8_t family, const uint8_t *address)
{
	const struct destination to = {family, address};
	const struct netstack *s = from;

	for (size_t hops = 0; s && hops < FORWARD_PATH_HOPS; hops++) {
		struct destination next = to;
		const struct route *r;
		const struct nif *nif;

		if (find_owner(s, NULL, &to))
			return s;
		p->steps += s->n_addrs + s->n_routes;
		if (p->steps >= FORWARD_PATH_STEPS)
			return NULL;
		r = find_route(s, &to);
		nif = r && r->ifindex ? netstack_nif(s, r->ifindex) : NULL;
		if (!nif)
			return NULL;
		if (r->hop_family)
			next = (struct destination){r->hop_family, r->hop};
		s = find_on_segment(p, nif, &next);
	}
	return NULL;
}

const struct nif *forward_path_nif(const struct netstack *s, uint8_t family, const uint8_t *address)
{
	const struct destination to = {family, address};
	const struct nif *owner = find_owner(s, NULL, &to);
	const struct route *r = owner ? NULL : find_route(s, &to);

	return r && r->ifindex ? netstack_nif(s, r->ifindex) : owner;
}
