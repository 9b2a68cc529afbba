/* SPDX-License-Identifier: MIT */
#include "discover/host/links.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/own.h"
#include "base/grow.h"
#include "netlink/addr.h"
#include "netlink/link.h"

/* A dump needs no waiting: the kernel fills the socket while it is read. */
#define DUMP_TIMEOUT_MS 200

/* What is made of the dumps of namespace @i. */
struct list {
	const struct links *of;
	size_t i;
	struct catalog_link *v;
	size_t n, cap;
};

static void show(const struct links *l, size_t i, const struct nlmsghdr *h)
{
	if (l->message_fn)
		l->message_fn(l->ctx, i, h);
}

static int add_link(void *ctx, const struct nlmsghdr *h)
{
	struct list *l = ctx;
	struct catalog_link *v;
	struct nl_attrs attrs;
	struct link link;
	bool gone = false;
	int rc = link_parse(h, &link, &gone, &attrs);

	if (rc <= 0 || gone || l->n >= CATALOG_LINKS_MAX)
		return rc < 0 ? rc : 0;
	show(l->of, l->i, h);
	v = grow(l->v, l->n, &l->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	l->v[l->n++] = netns_link_of(&link, &attrs);
	return 0;
}

static int cmp_ifindex(const void *a, const void *b)
{
	const struct catalog_link *x = a, *y = b;

	return (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

struct addr_list {
	const struct links *of;
	size_t i;
	struct netns_addr *v;
	size_t n, cap;
};

static int add_addr(void *ctx, const struct nlmsghdr *h)
{
	struct addr_list *l = ctx;
	struct netns_addr *v;
	struct addr a;
	bool gone = false;
	int rc = addr_parse(h, &a, &gone);

	if (rc == 1 && !gone)
		show(l->of, l->i, h);
	if (rc <= 0 || gone || l->n >= NETNS_ADDRS_MAX)
		return rc < 0 ? rc : 0;
	v = grow(l->v, l->n, &l->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	l->v[l->n++] = netns_addr_of(&a);
	return 0;
}

/* Only names are made of them: without, the namespace is as good. */
static void dump_addrs(const struct links *of, size_t i, int sock)
{
	struct netns *ns = &of->set->v[i];
	struct addr_list l = {.of = of, .i = i};

	if (addr_ask(sock, DUMP_TIMEOUT_MS, add_addr, &l) < 0) {
		free(l.v);
		return;
	}
	free(ns->addrs);
	ns->addrs = l.v;
	ns->n_addrs = (uint32_t) l.n;
}

static int dump(const struct links *of, size_t i, int sock)
{
	struct netns *ns = &of->set->v[i];
	struct list l = {.of = of, .i = i};
	int rc = link_ask(sock, DUMP_TIMEOUT_MS, add_link, &l);

	if (rc < 0) {
		show(of, i, NULL);
		free(l.v);
		return rc;
	}
	if (l.n > 0)
		qsort(l.v, l.n, sizeof(*l.v), cmp_ifindex);
	free(ns->links);
	ns->links = l.v;
	ns->n_links = (uint32_t) l.n;
	ns->has_links = true;
	dump_addrs(of, i, sock);
	return 0;
}

/* An answer of the broker. */
static void on_answer(void *ctx, size_t i, struct fdset *fds)
{
	struct links *l = ctx;
	AUTO_CLOSE int sock = fdset_take(fds, 0);
	struct netns *ns = &l->set->v[i];

	if (!ns_ask_is_netlink(sock, NETLINK_ROUTE) || dump(l, i, sock) < 0) {
		l->failed++;
		return;
	}
	ns->is_guess = false;
	ns->nsid = l->ask.nsid;
	if (l->more_fn)
		l->more_fn(l->ctx, i, sock);
}

/* An answer of the broker to a second question. */
static void on_revisit(void *ctx, size_t i, struct fdset *fds)
{
	struct links *l = ctx;
	AUTO_CLOSE int sock = fdset_take(fds, 0);

	if (ns_ask_is_netlink(sock, NETLINK_ROUTE) && l->more_fn)
		l->more_fn(l->ctx, i, sock);
}

int links_init(struct links *l, int procfd, int broker)
{
	*l = (struct links){.failed = 0};
	return ns_ask_init(&l->ask, MSG_NETLINK_OPEN, procfd, broker);
}

int links_start(struct links *l, struct netns_set *set)
{
	l->set = set;
	l->failed = 0;
	l->ask.fn = on_answer;
	l->ask.ctx = l;
	l->ask.passes_known = !l->more_fn;
	return ns_ask_start(&l->ask, set);
}

void links_ask_more(struct links *l, links_fn fn, links_message_fn message_fn, void *ctx)
{
	l->more_fn = fn;
	l->message_fn = message_fn;
	l->ctx = ctx;
}

int links_revisit(struct links *l, const struct netns_set *set)
{
	l->ask.fn = on_revisit;
	l->ask.passes_known = false;
	return ns_ask_start(&l->ask, set);
}

int links_answer(struct links *l, const struct msg *m, struct fdset *fds)
{
	return ns_ask_answer(&l->ask, m, fds);
}

bool links_finished(const struct links *l)
{
	return ns_ask_finished(&l->ask);
}

void links_stop(struct links *l)
{
	ns_ask_stop(&l->ask);
}
