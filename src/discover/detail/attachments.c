/* SPDX-License-Identifier: MIT */
#include "discover/detail/attachments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "discover/engine/networks.h"
#include "base/grow.h"
#include "proto/neighbours.h"

/* The bridges that are networks, by namespace and index: their order in the table. */
struct bridges {
	const struct nif **v; /* owned */
	size_t n, cap;
};

struct making {
	const struct attachments *from;
	struct bridges bridges;
	struct neighbours out;
};

static int add_bridge(struct bridges *b, const struct nif *nif)
{
	const struct nif **v;

	if (!nif->network || nif->network->default_bridge || !nif_is(nif, "bridge") ||
		b->n == NEIGHBOURS_NETWORKS_MAX)
		return 0;
	v = grow(b->v, b->n, &b->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	b->v = v;
	v[b->n++] = nif;
	return 0;
}

static int find_bridges(const struct netstacks *all, struct bridges *b)
{
	int rc = 0;

	for (size_t i = 0; i < all->n; i++) {
		for (size_t j = 0; j < all->v[i].n_nifs && rc == 0; j++)
			rc = add_bridge(b, &all->v[i].nifs[j]);
	}
	return rc;
}

static int cmp_bridge(const void *a, const void *b)
{
	const struct nif *x = *(const struct nif *const *) a, *y = *(const struct nif *const *) b;

	if (x->stack->inode != y->stack->inode)
		return x->stack->inode < y->stack->inode ? -1 : 1;
	return (x->d.link.ifindex > y->d.link.ifindex) - (x->d.link.ifindex < y->d.link.ifindex);
}

/* Put the network behind @nif, if it leads to one, into the sorted list of @c, once. */
static void attach(const struct bridges *b, const struct nif *nif, struct neighbour *c)
{
	const struct nif *master = nif->peer ? nif->peer->master : NULL;
	const struct nif **found =
		master && b->n ? bsearch(&master, b->v, b->n, sizeof(*b->v), cmp_bridge) : NULL;
	uint32_t index, at = c->n_networks;

	if (!found)
		return;
	index = (uint32_t) (found - b->v);
	while (at > 0 && c->networks[at - 1] > index)
		at--;
	if (at > 0 && c->networks[at - 1] == index)
		return;
	memmove(&c->networks[at + 1], &c->networks[at],
		(c->n_networks - at) * sizeof(*c->networks));
	c->networks[at] = index;
	c->n_networks++;
}

static int cmp_netns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *) a, y = ((const struct netns *) b)->ref.inode;

	return (x > y) - (x < y);
}

/* Add @c, unless its namespace cannot be reached. */
static int add_container(struct making *m, const struct container *c)
{
	const struct netns_set *set = m->from->set;
	const struct netns *ns =
		set->n ? bsearch(&c->proc->netns, set->v, set->n, sizeof(*ns), cmp_netns) : NULL;
	const struct netstack *stack = netstacks_find(m->from->stacks, c->proc->netns);
	const char *service = labels_get(&c->labels, "com.docker.compose.service");
	struct neighbour *n = &m->out.containers[m->out.n_containers];

	if (!ns || !stack || m->out.n_containers == NEIGHBOURS_CONTAINERS_MAX)
		return 0;
	m->out.n_containers++;
	n->ref = ns->ref;
	n->is_docker = strcmp(c->type, "docker") == 0;
	n->name = strdup(c->name);
	n->service = strdup(service ? service : "");
	n->networks = calloc(stack->n_nifs + 1, sizeof(*n->networks));
	if (!n->name || !n->service || !n->networks)
		return -ENOMEM;
	for (size_t i = 0; i < stack->n_nifs; i++)
		attach(&m->bridges, &stack->nifs[i], n);
	return 0;
}

static int cmp_container(const void *a, const void *b)
{
	const struct neighbour *x = a, *y = b;
	int rc = strcmp(x->name, y->name);

	return rc ? rc : (x->ref.inode > y->ref.inode) - (x->ref.inode < y->ref.inode);
}

static int make(struct making *m)
{
	const struct container_list *l = m->from->containers;
	int rc = find_bridges(m->from->stacks, &m->bridges);

	m->out.networks = calloc(m->bridges.n + 1, sizeof(*m->out.networks));
	m->out.containers = calloc(l->n + 1, sizeof(*m->out.containers));
	if (!m->out.networks || !m->out.containers)
		return -ENOMEM;
	for (size_t i = 0; i < m->bridges.n && rc == 0; i++) {
		m->out.networks[i] = strdup(m->bridges.v[i]->network->name);
		rc = m->out.networks[i] ? 0 : -ENOMEM;
		m->out.n_networks += rc == 0;
	}
	for (size_t i = 0; i < l->n && rc == 0; i++)
		rc = add_container(m, &l->v[i]);
	if (rc == 0)
		qsort(m->out.containers, m->out.n_containers, sizeof(*m->out.containers),
			cmp_container);
	return rc;
}

int attachments_put(struct text *ret, const struct attachments *a)
{
	struct making m = {.from = a};
	AUTO_FREE uint8_t *table = NULL;
	ssize_t n = make(&m);

	if (n == 0)
		n = neighbours_encode(&m.out, &table);
	if (n > 0)
		text_put_bytes(ret, (const char *) table, (size_t) n);
	neighbours_done(&m.out);
	free(m.bridges.v);
	if (n < 0)
		return (int) n;
	return ret->failed ? -ENOMEM : 0;
}
