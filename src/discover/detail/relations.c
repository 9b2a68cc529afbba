/* SPDX-License-Identifier: MIT */
#include "discover/detail/relations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/grow.h"

/* An interface that VFs come from. */
struct physical {
	const char *bus;
	const struct nif *nif;
};

struct physicals {
	struct physical *v; /* owned; by bus address */
	size_t n, cap;
};

void relations_done(struct relations *r)
{
	free(r->slaves.v);
	free(r->macvlans.v);
	*r = (struct relations){0};
}

/* Arrays are ordered by place: namespaces by inode, interfaces of one by index. */
static int cmp_place(const struct nif *x, const struct nif *y)
{
	if (x->stack != y->stack)
		return x->stack < y->stack ? -1 : 1;
	return (x > y) - (x < y);
}

static int cmp_relation(const void *a, const void *b)
{
	const struct relation *x = a, *y = b;
	int rc = cmp_place(x->of, y->of);

	return rc ? rc : cmp_place(x->nif, y->nif);
}

static int cmp_of(const void *a, const void *b)
{
	return cmp_place(a, ((const struct relation *) b)->of);
}

static int add(struct relation_list *l, const struct nif *of, const struct nif *nif)
{
	struct relation *v = grow(l->v, l->n, &l->cap, sizeof(*v));

	if (!v)
		return -ENOMEM;
	l->v = v;
	v[l->n++] = (struct relation){of, nif};
	return 0;
}

/* Order the list; what is in it twice stays once. */
static void sort(struct relation_list *l)
{
	size_t n = 0;

	if (l->n > 0)
		qsort(l->v, l->n, sizeof(*l->v), cmp_relation);
	for (size_t i = 0; i < l->n; i++) {
		if (n == 0 || cmp_relation(&l->v[n - 1], &l->v[i]) != 0)
			l->v[n++] = l->v[i];
	}
	l->n = n;
}

/* True if links become ports of @nif: other masters, such as VRFs, are no part of the document. */
static bool has_ports(const struct nif *nif)
{
	return nif_is(nif, "bridge") || nif_is(nif, "bond") || nif_is(nif, "team");
}

static int relate_port(struct relations *r, struct nif *nif)
{
	const struct nif *master = nif->d.master ? netstack_nif(nif->stack, nif->d.master) : NULL;

	if (!master || !has_ports(master))
		return 0;
	nif->master = master;
	return add(&r->slaves, master, nif);
}

static bool is_macvlan(const struct nif *nif)
{
	return nif_is(nif, "macvlan") || nif_is(nif, "macvtap");
}

static int relate_lower(const struct netstacks *all, struct relations *r, struct nif *nif)
{
	const struct nif *lower = netstacks_lower(all, nif);

	if (!lower || lower == nif)
		return 0;
	if (nif_is(nif, "veth")) {
		nif->peer = nif_is(lower, "veth") ? lower : NULL;
		return 0;
	}
	if (is_macvlan(nif)) {
		nif->lower = lower;
		return add(&r->macvlans, lower, nif);
	}
	if (nif_is(nif, "vlan") || nif_is(nif, "ipvlan") || nif_is(nif, "ipvtap"))
		nif->master = lower;
	else if (nif->d.is_vxlan)
		nif->lower = lower;
	else
		return 0;
	return add(&r->slaves, lower, nif);
}

static int cmp_bus(const void *a, const void *b)
{
	const struct physical *x = a, *y = b;

	return strcmp(x->bus, y->bus);
}

static int add_physical(struct physicals *p, const struct nif *nif)
{
	struct physical *v;

	if (nif->sriov != SRIOV_PF || !nif->driver.businfo[0])
		return 0;
	v = grow(p->v, p->n, &p->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	p->v = v;
	v[p->n++] = (struct physical){nif->driver.businfo, nif};
	return 0;
}

static int relate_vf(const struct physicals *p, struct relations *r, struct nif *nif)
{
	const struct physical key = {nif->pf_bus, NULL}, *found;

	if (nif->sriov != SRIOV_VF || p->n == 0)
		return 0;
	found = bsearch(&key, p->v, p->n, sizeof(key), cmp_bus);
	if (!found)
		return 0;
	nif->pf = found->nif;
	return add(&r->slaves, found->nif, nif);
}

static int relate_vfs(const struct netstacks *all, struct relations *r)
{
	struct physicals p = {0};
	int rc = 0;

	for (size_t i = 0; i < all->n && rc == 0; i++) {
		for (size_t j = 0; j < all->v[i].n_nifs && rc == 0; j++)
			rc = add_physical(&p, &all->v[i].nifs[j]);
	}
	if (p.n > 0)
		qsort(p.v, p.n, sizeof(*p.v), cmp_bus);
	for (size_t i = 0; i < all->n && p.n > 0; i++) {
		for (size_t j = 0; j < all->v[i].n_nifs && rc == 0; j++)
			rc = relate_vf(&p, r, &all->v[i].nifs[j]);
	}
	free(p.v);
	return rc;
}

int relations_make(const struct netstacks *all, struct relations *ret)
{
	struct relations r = {0};
	int rc = 0;

	for (size_t i = 0; i < all->n; i++) {
		for (size_t j = 0; j < all->v[i].n_nifs && rc == 0; j++) {
			rc = relate_port(&r, &all->v[i].nifs[j]);
			if (rc == 0)
				rc = relate_lower(all, &r, &all->v[i].nifs[j]);
		}
	}
	if (rc == 0)
		rc = relate_vfs(all, &r);
	if (rc < 0) {
		relations_done(&r);
		return rc;
	}
	sort(&r.slaves);
	sort(&r.macvlans);
	*ret = r;
	return 0;
}

const struct relation *relation_list_of(
	const struct relation_list *l, const struct nif *nif, size_t *ret_n)
{
	const struct relation *found =
		l->n ? bsearch(nif, l->v, l->n, sizeof(*l->v), cmp_of) : NULL;
	const struct relation *first = found;
	size_t n = 0;

	while (first && first > l->v && first[-1].of == nif)
		first--;
	while (first && first + n < l->v + l->n && first[n].of == nif)
		n++;
	*ret_n = n;
	return first;
}
