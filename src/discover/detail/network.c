/* SPDX-License-Identifier: MIT */
#include "discover/detail/network.h"

#include <errno.h>
#include <stdlib.h>

#include "discover/detail/sriov.h"

static void on_socket(void *ctx, size_t i, int sock)
{
	struct network *n = ctx;

	if (n->stage == NETWORK_ASKING) {
		nsids_ask(&n->nsids, n->again_at[i], sock);
		return;
	}
	netstack_read(&n->stacks.v[i], sock);
	nsids_ask_hubs(&n->nsids, i, sock);
}

static void on_message(void *ctx, size_t i, const struct nlmsghdr *h)
{
	struct network *n = ctx;

	if (h)
		netstack_take(&n->stacks.v[i], h);
	else
		netstack_clear(&n->stacks.v[i]);
}

int network_begin(struct network *n, const struct network_means *m)
{
	int rc;

	*n = (struct network){.stage = NETWORK_READING,
		.procfd = m->procfd,
		.broker = m->broker,
		.links = m->links,
		.scan = m->scan,
		.tuns = {.next_id = n->tuns.next_id}};
	rc = netstacks_init(&n->stacks, &m->scan->nets);
	if (rc < 0)
		return rc;
	nsids_init(&n->nsids, m->procfd, m->scan, &n->stacks);
	links_ask_more(m->links, on_socket, on_message, n);
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

/* Visit those that have to be asked once more. Returns 1 if there are any, 0, or a negative errno.
 */
static int ask_again(struct network *n)
{
	int rc = nsids_learn(&n->nsids);

	if (rc == 0)
		rc = nsids_prepare(&n->nsids);
	if (rc < 0 || n->nsids.n_questions == 0)
		return rc;
	rc = choose_again(n);
	if (rc == 0)
		rc = links_revisit(n->links, &n->again);
	return rc < 0 ? rc : 1;
}

static bool has_tuns(const struct netstacks *all)
{
	for (size_t i = 0; i < all->n; i++) {
		for (size_t j = 0; j < all->v[i].n_nifs; j++) {
			if (nif_is(&all->v[i].nifs[j], "tun"))
				return true;
		}
	}
	return false;
}

static int finish(struct network *n)
{
	int rc = nsids_learn(&n->nsids);

	nsids_done(&n->nsids);
	links_ask_more(n->links, NULL, NULL, NULL);
	sriov_find(&n->stacks, SRIOV_DEVICES);
	tun_owners_sort(&n->tuns);
	n->stage = NETWORK_DONE;
	return rc < 0 ? rc : relations_make(&n->stacks, &n->relations);
}

int network_go_on(struct network *n)
{
	int rc = 0;

	if (n->stage == NETWORK_READING) {
		n->stage = NETWORK_ASKING;
		rc = ask_again(n);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	if (n->stage == NETWORK_ASKING) {
		n->stage = NETWORK_OWNERS;
		if (has_tuns(&n->stacks))
			rc = tun_owners_start(&n->tuns, n->procfd, n->broker, &n->scan->procs);
	}
	if (rc == 0 && n->stage == NETWORK_OWNERS && tun_owners_finished(&n->tuns))
		rc = finish(n);
	return rc;
}

int network_answer(struct network *n, const struct msg *m)
{
	return tun_owners_answer(&n->tuns, m);
}

bool network_finished(const struct network *n)
{
	return n->stage == NETWORK_NONE || n->stage == NETWORK_DONE;
}

int network_give_up(struct network *n)
{
	if (network_finished(n))
		return 0;
	tun_owners_give_up(&n->tuns);
	return finish(n);
}

void network_end(struct network *n)
{
	uint32_t last_id;

	if (n->links)
		links_ask_more(n->links, NULL, NULL, NULL);
	tun_owners_stop(&n->tuns);
	last_id = n->tuns.next_id;
	nsids_done(&n->nsids);
	relations_done(&n->relations);
	netstacks_done(&n->stacks);
	free(n->again.v);
	free(n->again_at);
	*n = (struct network){.stage = NETWORK_NONE, .tuns = {.next_id = last_id}};
}
