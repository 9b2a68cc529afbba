/* SPDX-License-Identifier: MIT */
#include "discover/detail/document.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "discover/detail/put_container.h"
#include "discover/detail/put_nif.h"
#include "discover/detail/put_pidns.h"
#include "discover/detail/put_route.h"
#include "discover/detail/tenants.h"

/* "key":{"ipv4":[],"ipv6":[]} */
static void put_no_families(struct text *t, const char *key)
{
	text_put_key(t, key);
	text_put(t, "{\"ipv4\":[],\"ipv6\":[]}");
}

static int put_netns(
	struct text *t, const struct document *d, const struct tenants *tenants, size_t i)
{
	const struct netns *ns = &d->detail->scan->nets.v[i];
	const struct netstack *stack = netstacks_find(&d->detail->network.stacks, ns->ref.inode);
	char id[32];
	int rc;

	(void) snprintf(id, sizeof(id), "netns-%" PRIu64, ns->ref.inode);
	text_next(t);
	text_put(t, "{");
	put_groups(t, tenants, i);
	rc = put_containers(t, d, tenants, i);
	text_put_string(t, "id", id);
	text_put_number(t, "netnsid", ns->ref.inode);
	put_nifs(t, &d->detail->network, stack);
	put_routes(t, stack);
	put_no_families(t, "transport-ports");
	put_no_families(t, "forwarded-ports");
	text_put(t, "}");
	return rc;
}

int document_put(struct text *ret, const struct document *d)
{
	const struct scan *s = d->detail->scan;
	struct tenants tenants;
	int rc = tenants_make(&s->nets, &s->procs, d->containers, &tenants);

	if (rc < 0)
		return rc;
	text_put(ret, "{");
	metadata_put(ret, d->metadata);
	text_put_key(ret, "network-namespaces");
	text_put(ret, "[");
	for (size_t i = 0; i < s->nets.n && rc == 0; i++)
		rc = put_netns(ret, d, &tenants, i);
	text_put(ret, "]");
	if (rc == 0)
		rc = put_pid_namespaces(ret, &d->detail->pidns, &s->procs, d->containers);
	text_put(ret, "}\n");
	tenants_done(&tenants);
	return ret->failed ? -ENOMEM : rc;
}
