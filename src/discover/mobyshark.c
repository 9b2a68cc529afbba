/* SPDX-License-Identifier: MIT */
#include "discover/mobyshark.h"

#include <stdbool.h>

#define OPERSTATE_DOWN 2 /* RFC 2863, IF_OPER_DOWN */

static void put_links(struct text *t, const struct catalog_netns *ns)
{
	bool first = true;

	text_put_key(t, "network-interfaces");
	text_put(t, "[");
	for (uint32_t i = 0; ns && i < ns->n_links; i++) {
		if (ns->links[i].operstate == OPERSTATE_DOWN)
			continue;
		if (!first)
			text_put(t, ",");
		first = false;
		text_put_json(t, ns->links[i].name);
	}
	text_put(t, "]");
}

static void put_target(struct text *t, const struct catalog *c, const struct catalog_target *x)
{
	const struct catalog_netns *ns = catalog_find_netns(c, x->netns_inode);

	text_put(t, "{");
	text_put_string(t, "name", x->name);
	text_put_string(t, "type", x->type);
	text_put_number(t, "netns", x->netns_inode);
	put_links(t, ns);
	text_put_number(t, "pid", x->pid);
	text_put_number(t, "starttime", x->starttime_ticks);
	text_put_string(t, "prefix", x->prefix);
	if (x->id[0])
		text_put_string(t, "id", x->id);
	if (ns && ns->name[0])
		text_put_string(t, "netns-name", ns->name);
	text_put(t, "}");
}

void mobyshark_put(struct text *ret, const struct mobyshark *m)
{
	text_put(ret, "{");
	metadata_put(ret, &m->metadata);
	text_put_key(ret, "containers");
	text_put(ret, "[");
	for (uint32_t i = 0; i < m->catalog->n_targets; i++) {
		if (i > 0)
			text_put(ret, ",");
		put_target(ret, m->catalog, &m->catalog->targets[i]);
	}
	text_put(ret, "]}\n");
}
