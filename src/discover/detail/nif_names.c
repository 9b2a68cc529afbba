/* SPDX-License-Identifier: MIT */
#include "discover/detail/nif_names.h"

#include <string.h>

static const struct netstack *stack_of(
	const struct netstacks *all, const struct proc_table *procs, int32_t pid)
{
	const struct process *p = pid ? proc_table_find(procs, pid) : NULL;

	return p && p->netns ? netstacks_find(all, p->netns) : NULL;
}

/* Returns true when @s has such an interface. */
static bool name_by_name(const struct netstack *s, const struct engine_network *n)
{
	for (size_t i = 0; n->nif[0] && i < s->n_nifs; i++) {
		if (strcmp(s->nifs[i].d.link.name, n->nif) != 0)
			continue;
		s->nifs[i].network = n;
		return true;
	}
	return false;
}

static void name_by_address(
	const struct netstack *s, const uint8_t mac[6], const struct engine_network *n)
{
	for (size_t i = 0; i < s->n_nifs; i++) {
		const struct link *l = &s->nifs[i].d.link;

		if (l->addr_len == 6 && memcmp(l->addr, mac, 6) == 0)
			s->nifs[i].network = n;
	}
}

/* The interface has been moved into a container: into which, its address tells. */
static void name_moved(const struct netstacks *all, const struct proc_table *procs,
	const struct engine *e, const struct engine_network *n)
{
	for (size_t i = 0; i < n->n_endpoints; i++) {
		const struct engine_container *c = engine_list_find(&e->list, n->endpoints[i].id);
		const struct netstack *s = c ? stack_of(all, procs, c->host_pid) : NULL;

		if (s)
			name_by_address(s, n->endpoints[i].mac, n);
	}
}

void nif_names_set(struct netstacks *all, const struct proc_table *procs, const struct engines *es,
	uint64_t own_netns)
{
	for (const struct engine *e = es->first; e; e = e->next) {
		const struct netstack *s = stack_of(all, procs, e->pid);

		if (!s || (!e->privileged && s->inode == own_netns))
			continue;
		for (size_t i = 0; i < e->networks.n; i++) {
			const struct engine_network *n = &e->networks.v[i];

			if (!name_by_name(s, n) && engine_network_moves_nif(n))
				name_moved(all, procs, e, n);
		}
	}
}
