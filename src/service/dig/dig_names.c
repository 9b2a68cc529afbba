/* SPDX-License-Identifier: MIT */
#include "service/dig/dig_names.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "proto/dig.h"

void name_list_done(struct name_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct name_list){0};
}

static bool has(const struct name_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->v[i], name) == 0)
			return true;
	}
	return false;
}

/* Add @name, or "@name.@network", if there is such a name. */
static int add(struct name_list *l, const char *name, const char *network)
{
	char fqdn[DIG_NAME_MAX];
	char **v;
	int n = snprintf(
		fqdn, sizeof(fqdn), "%s%s%s.", name, network ? "." : "", network ? network : "");

	if (!*name || n < 0 || (size_t) n >= sizeof(fqdn) || l->n == DIG_NAMES_MAX || has(l, fqdn))
		return 0;
	v = grow(l->v, l->n, &l->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	v[l->n] = strdup(fqdn);
	if (!v[l->n])
		return -ENOMEM;
	l->n++;
	return 0;
}

static int add_container(struct name_list *l, const struct neighbour *c, const char *network)
{
	int rc = add(l, c->service, NULL);

	if (rc == 0)
		rc = add(l, c->name, NULL);
	if (rc == 0)
		rc = add(l, c->service, network);
	if (rc == 0)
		rc = add(l, c->name, network);
	return rc;
}

static bool is_in(const struct neighbour *c, uint32_t network)
{
	for (uint32_t i = 0; i < c->n_networks; i++) {
		if (c->networks[i] == network)
			return true;
	}
	return false;
}

int name_list_make(
	const struct neighbours *all, const struct neighbour *start, struct name_list *ret)
{
	int rc = 0;

	for (uint32_t i = 0; i < start->n_networks; i++) {
		uint32_t network = start->networks[i];

		for (uint32_t j = 0; j < all->n_containers && rc == 0; j++) {
			const struct neighbour *c = &all->containers[j];

			if (is_in(c, network))
				rc = add_container(ret, c, all->networks[network]);
		}
	}
	return rc;
}
