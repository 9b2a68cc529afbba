/* SPDX-License-Identifier: MIT */
/* What the kernel told about links and addresses since they were listed, in its order: with it a
 * list is brought up to date without asking for all of it again.
 *
 * What happened before the list was made may be told after it. That does no harm: the last word
 * about a link is what counts, and it is told as well. */
#ifndef DISCOVER_LINK_CHANGES_H
#define DISCOVER_LINK_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "discover/host/link_events.h"
#include "discover/host/netns_set.h"

#define LINK_CHANGES_MAX 8192

struct link_change {
	struct ns_ref ref; /* the namespace, as it was reached then, */
	int32_t nsid;      /* and its number */
	struct link_event event;
};

struct link_changes {
	struct link_change *v; /* owned; zero-initialise the struct for none */
	size_t n, cap;
};

void link_changes_done(struct link_changes *c);

/* Note @ev in namespace @ns. Returns 0, or a negative errno when it cannot be kept: the
 * namespace has to be listed again. */
int link_changes_add(struct link_changes *c, const struct netns *ns, const struct link_event *ev);

/* Bring the lists of the sorted @set up to date. A list that cannot be is taken out of it, so that
 * it is asked for. */
void link_changes_apply(const struct link_changes *c, struct netns_set *set);

#endif
