/* SPDX-License-Identifier: MIT */
#include "discover/detail/nsids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "base/grow.h"
#include "discover/host/netns_open.h"
#include "netlink/nsid.h"

#define ASK_TIMEOUT_MS 50
#define ROUNDS_MAX     8 /* of learning from what was learnt */

static void add_hub(struct nsids *n, const char *path)
{
	AUTO_CLOSE int fd = openat(n->procfd, path, O_RDONLY | O_CLOEXEC);
	const struct netstack *s;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	s = netstacks_find(n->all, st.st_ino);
	if (!s || (n->n_hubs > 0 && n->hubs[0].index == (uint32_t) (s - n->all->v)))
		return;
	n->hubs[n->n_hubs++] = (struct nsid_hub){TAKE_FD(fd), (uint32_t) (s - n->all->v)};
}

void nsids_init(struct nsids *n, int procfd, const struct scan *scan, struct netstacks *all)
{
	*n = (struct nsids){.procfd = procfd, .scan = scan, .all = all};
	add_hub(n, "self/ns/net");
	add_hub(n, "1/ns/net");
}

void nsids_done(struct nsids *n)
{
	for (size_t i = 0; i < n->n_hubs; i++)
		close_p(&n->hubs[i].fd);
	free(n->questions);
	free(n->veths);
	free(n->big);
	*n = (struct nsids){0};
}

/* Returns 1 when that was new, 0 if not, or -ENOMEM. */
static int note(struct netstack *s, int32_t nsid, uint32_t index)
{
	return nsid < 0 ? 0 : inode_map_add(&s->nsids, (uint64_t) nsid + 1, index);
}

static bool is_unknown(const struct netstack *s, const struct nif *nif)
{
	return nif->d.lower_nsid >= 0 &&
	       !inode_map_get(&s->nsids, (uint64_t) nif->d.lower_nsid + 1);
}

void nsids_ask_hubs(struct nsids *n, size_t i, int sock)
{
	struct netstack *s = &n->all->v[i];
	bool has = false;

	for (size_t j = 0; j < s->n_nifs && !has; j++)
		has = s->nifs[j].d.lower_nsid >= 0;
	for (size_t j = 0; j < n->n_hubs && has; j++) {
		int32_t nsid;

		/* what cannot be noted stays unknown */
		if (n->hubs[j].index != i &&
			nsid_ask(sock, n->hubs[j].fd, ASK_TIMEOUT_MS, &nsid) == 0)
			(void) note(s, nsid, n->hubs[j].index);
	}
}

static bool is_veth_between(const struct nif *nif)
{
	return nif->d.lower_nsid >= 0 && nif_is(nif, "veth");
}

/* If @nif is a veth whose other end is known, that one's number means where @nif is. Returns 1 when
 * that was new. */
static int learn_from(struct nsids *n, const struct nif *nif)
{
	struct nif *peer = is_veth_between(nif) ? netstacks_lower(n->all, nif) : NULL;
	uint32_t here = (uint32_t) (nif->stack - n->all->v);

	if (!peer || !is_veth_between(peer) || peer->d.lower != nif->d.link.ifindex)
		return 0;
	return note(&n->all->v[peer->stack - n->all->v], peer->d.lower_nsid, here);
}

int nsids_learn(struct nsids *n)
{
	bool is_new = true;

	for (int round = 0; round < ROUNDS_MAX && is_new; round++) {
		is_new = false;
		for (size_t i = 0; i < n->all->n; i++) {
			for (size_t j = 0; j < n->all->v[i].n_nifs; j++) {
				int rc = learn_from(n, &n->all->v[i].nifs[j]);

				if (rc < 0)
					return rc;
				is_new = is_new || rc == 1;
			}
		}
	}
	return 0;
}

static int cmp_veth(const void *a, const void *b)
{
	const struct nif *x = *(const struct nif *const *) a;
	const struct nif *y = *(const struct nif *const *) b;

	if (x->d.link.ifindex != y->d.link.ifindex)
		return x->d.link.ifindex < y->d.link.ifindex ? -1 : 1;
	return (x->d.lower > y->d.lower) - (x->d.lower < y->d.lower);
}

static int index_veths(struct nsids *n)
{
	size_t most = 0;

	for (size_t i = 0; i < n->all->n; i++)
		most += n->all->v[i].n_nifs;
	n->veths = calloc(most + 1, sizeof(struct nif *));
	if (!n->veths)
		return -ENOMEM;
	for (size_t i = 0; i < n->all->n; i++) {
		for (size_t j = 0; j < n->all->v[i].n_nifs; j++) {
			if (is_veth_between(&n->all->v[i].nifs[j]))
				n->veths[n->n_veths++] = &n->all->v[i].nifs[j];
		}
	}
	if (n->n_veths > 0)
		qsort(n->veths, n->n_veths, sizeof(struct nif *), cmp_veth);
	return 0;
}

static int cmp_links(const void *a, const void *b, void *ctx)
{
	const struct netstack *v = ctx;
	size_t x = v[*(const uint32_t *) a].n_nifs, y = v[*(const uint32_t *) b].n_nifs;

	return (x < y) - (x > y);
}

static int find_big(struct nsids *n)
{
	n->big = calloc(n->all->n + 1, sizeof(*n->big));
	if (!n->big)
		return -ENOMEM;
	for (size_t i = 0; i < n->all->n; i++)
		n->big[i] = (uint32_t) i;
	if (n->all->n > 0)
		qsort_r(n->big, n->all->n, sizeof(*n->big), cmp_links, n->all->v);
	n->n_big = n->all->n < NSIDS_CANDIDATES_MAX ? n->all->n : NSIDS_CANDIDATES_MAX;
	return 0;
}

/* Add what namespace @i has to be asked, each number once. */
static int add_questions(struct nsids *n, size_t i)
{
	const struct netstack *s = &n->all->v[i];
	struct inode_map seen = {0};
	int rc = 0;

	for (size_t j = 0; j < s->n_nifs && rc == 0 && n->n_questions < NSIDS_QUESTIONS_MAX; j++) {
		const struct nif *nif = &s->nifs[j];
		struct nsid_question *v;

		if (!is_unknown(s, nif))
			continue;
		rc = inode_map_add(&seen, (uint64_t) nif->d.lower_nsid + 1, 0);
		if (rc != 1) {
			rc = rc < 0 ? rc : 0;
			continue;
		}
		v = grow(n->questions, n->n_questions, &n->cap_questions, sizeof(*v));
		rc = v ? 0 : -ENOMEM;
		if (v) {
			n->questions = v;
			v[n->n_questions++] = (struct nsid_question){i, nif};
		}
	}
	inode_map_done(&seen);
	return rc;
}

int nsids_prepare(struct nsids *n)
{
	int rc = 0;

	for (size_t i = 0; i < n->all->n && rc == 0; i++)
		rc = add_questions(n, i);
	if (rc == 0 && n->n_questions > 0)
		rc = index_veths(n);
	if (rc == 0 && n->n_questions > 0)
		rc = find_big(n);
	return rc;
}

/* Ask @s for its number of namespace @candidate. Returns true when that is @wanted. */
static bool is_it(struct nsids *n, struct netstack *s, int sock, size_t candidate, int32_t wanted)
{
	AUTO_CLOSE int fd = -1;
	int32_t nsid = NSID_NONE;

	if (&n->all->v[candidate] == s)
		return false;
	fd = netns_open(n->procfd, &n->scan->nets.v[candidate]);
	if (fd < 0 || nsid_ask(sock, fd, ASK_TIMEOUT_MS, &nsid) < 0)
		return false;
	(void) note(s, nsid, (uint32_t) candidate);
	return nsid == wanted;
}

/* The first veth that is @nif's other end as far as the indices tell. */
static size_t first_veth(const struct nsids *n, const struct nif *nif)
{
	struct nif key = {.d = {.link = {.ifindex = nif->d.lower}, .lower = nif->d.link.ifindex}};
	const struct nif *p = &key;
	size_t low = 0, high = n->n_veths;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cmp_veth(&n->veths[middle], &p) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void ask_veth(struct nsids *n, struct netstack *s, int sock, const struct nif *nif)
{
	size_t first = first_veth(n, nif);

	for (size_t i = first; i < n->n_veths && i < first + NSIDS_CANDIDATES_MAX; i++) {
		const struct nif *c = n->veths[i];

		if (c->d.link.ifindex != nif->d.lower || c->d.lower != nif->d.link.ifindex ||
			is_it(n, s, sock, (size_t) (c->stack - n->all->v), nif->d.lower_nsid))
			return;
	}
}

static void ask_other(struct nsids *n, struct netstack *s, int sock, const struct nif *nif)
{
	uint32_t lower = nif->d.is_vxlan ? nif->d.vxlan.lower : nif->d.lower;

	for (size_t i = 0; i < n->n_big; i++) {
		if (netstack_nif(&n->all->v[n->big[i]], lower) &&
			is_it(n, s, sock, n->big[i], nif->d.lower_nsid))
			return;
	}
}

void nsids_ask(struct nsids *n, size_t i, int sock)
{
	struct netstack *s = &n->all->v[i];

	for (size_t j = 0; j < n->n_questions; j++) {
		const struct nsid_question *q = &n->questions[j];

		if (q->stack != i || !is_unknown(s, q->nif))
			continue;
		if (is_veth_between(q->nif))
			ask_veth(n, s, sock, q->nif);
		else
			ask_other(n, s, sock, q->nif);
	}
}
