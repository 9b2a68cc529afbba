/* SPDX-License-Identifier: MIT */
#include "discover/detail/network.h"

#include <errno.h>
#include <stdlib.h>

#include "discover/detail/sriov.h"

static void on_socket(void *ctx, size_t i, int sock)
{
	struct network *n = ctx;

	if (n->stage == NETWORK_ASKING)
		nsids_ask(&n->nsids, n->again_at[i], sock);
	else if (netstack_read(&n->stacks.v[i], sock) == 0)
		nsids_ask_hubs(&n->nsids, i, sock);
}

int network_begin(struct network *n, int procfd, const struct scan *scan, struct links *links)
{
	int rc;

	*n = (struct network){.stage = NETWORK_READING, .links = links, .scan = scan};
	rc = netstacks_init(&n->stacks, &scan->nets);
	if (rc < 0)
		return rc;
	nsids_init(&n->nsids, procfd, scan, &n->stacks);
	links_ask_more(links, on_socket, n);
	return 0;
}

/* The namespaces that have to be asked once more. */
static int choose_again(struct network *n)
{
	const struct nsids *ids = &n->nsids;

	n->again.v = calloc(ids->n_questions, sizeof(*n->again.v));
	n->again_at = calloc(ids->n_questions, sizeof(*n->again_at));
	if (!n->again.v || !n->again_at)
		return -ENOMEM;
	for (size_t i = 0; i < ids->n_questions; i++) {
		size_t at = ids->questions[i].stack;

		if (n->again.n > 0 && n->again_at[n->again.n - 1] == at)
			continue;
		n->again_at[n->again.n] = at;
		n->again.v[n->again.n++] = n->scan->nets.v[at];
	}
	return 0;
}

static int finish(struct network *n)
{
	int rc = nsids_learn(&n->nsids);

	nsids_done(&n->nsids);
	links_ask_more(n->links, NULL, NULL);
	sriov_find(&n->stacks, SRIOV_DEVICES);
	n->stage = NETWORK_DONE;
	return rc < 0 ? rc : relations_make(&n->stacks, &n->relations);
}

int network_go_on(struct network *n)
{
	int rc;

	if (n->stage == NETWORK_ASKING)
		return finish(n);
	if (n->stage != NETWORK_READING)
		return 0;
	rc = nsids_learn(&n->nsids);
	if (rc == 0)
		rc = nsids_prepare(&n->nsids);
	if (rc < 0)
		return rc;
	if (n->nsids.n_questions == 0)
		return finish(n);
	rc = choose_again(n);
	if (rc < 0)
		return rc;
	n->stage = NETWORK_ASKING;
	return links_revisit(n->links, &n->again);
}

bool network_finished(const struct network *n)
{
	return n->stage == NETWORK_NONE || n->stage == NETWORK_DONE;
}

int network_give_up(struct network *n)
{
	return network_finished(n) ? 0 : finish(n);
}

void network_end(struct network *n)
{
	if (n->links)
		links_ask_more(n->links, NULL, NULL);
	nsids_done(&n->nsids);
	relations_done(&n->relations);
	netstacks_done(&n->stacks);
	free(n->again.v);
	free(n->again_at);
	*n = (struct network){.stage = NETWORK_NONE};
}
