/* SPDX-License-Identifier: MIT */
#include "discover/detail/document.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "discover/detail/put_container.h"
#include "discover/detail/put_nif.h"
#include "discover/detail/put_pidns.h"
#include "discover/detail/put_ports.h"
#include "discover/detail/put_route.h"
#include "discover/detail/tenants.h"

/* What is made once for a document. */
struct making {
	struct tenants tenants;
	struct owner_lines lines;
	struct put_ports ports;
};

static int put_netns(struct text *t, const struct document *d, struct making *m, size_t i)
{
	const struct put_nifs nifs = {&d->detail->network, &m->lines};
	const struct netns *ns = &d->detail->scan->nets.v[i];
	const struct netstack *stack = netstacks_find(&d->detail->network.stacks, ns->ref.inode);
	char id[32];
	int rc;

	(void) snprintf(id, sizeof(id), "netns-%" PRIu64, ns->ref.inode);
	text_next(t);
	text_put(t, "{");
	put_groups(t, &m->tenants, i);
	rc = put_containers(t, d, &m->tenants, i);
	text_put_string(t, "id", id);
	text_put_number(t, "netnsid", ns->ref.inode);
	put_nifs(t, &nifs, stack);
	put_routes(t, stack);
	put_transport_ports(t, &m->ports, stack);
	put_forwarded_ports(t, &m->ports, stack);
	text_put(t, "}");
	return rc;
}

static int put_all(struct text *ret, const struct document *d, struct making *m)
{
	const struct scan *s = d->detail->scan;
	int rc = 0;

	text_put(ret, "{");
	metadata_put(ret, d->metadata);
	text_put_key(ret, "network-namespaces");
	text_put(ret, "[");
	for (size_t i = 0; i < s->nets.n && rc == 0; i++) {
		rc = put_netns(ret, d, m, i);
		yield_point(d->detail->yield);
	}
	text_put(ret, "]");
	if (rc == 0)
		rc = put_pid_namespaces(ret, &d->detail->pidns, &s->procs, d->containers);
	text_put(ret, "}\n");
	return ret->failed ? -ENOMEM : rc;
}

int document_put(struct text *ret, const struct document *d)
{
	const struct scan *s = d->detail->scan;
	struct making m = {.lines = {.procfd = -1},
		.ports = {.ports = &d->detail->ports,
			.lines = &m.lines,
			.path = {.relations = &d->detail->network.relations}}};
	int rc = tenants_make(&s->nets, &s->procs, d->containers, &m.tenants);

	if (rc == 0)
		rc = owner_lines_init(&m.lines, d->detail->procfd, &s->procs);
	if (rc == 0)
		rc = put_all(ret, d, &m);
	tenants_done(&m.tenants);
	owner_lines_done(&m.lines);
	return rc;
}
