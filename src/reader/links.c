/* SPDX-License-Identifier: MIT */
#include "reader/links.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/own.h"
#include "reader/chunking.h"
#include "reader/filter.h"
#include "reader/speed.h"

static bool is_chosen(const struct capture *c, const struct link *link)
{
	for (uint16_t i = 0; i < c->conf.n_names; i++) {
		if (strcmp(c->conf.names[i], link->name) == 0)
			return true;
	}
	return c->conf.n_names == 0;
}

static int bind_to(struct capture *c, uint32_t ifindex)
{
	struct sockaddr_ll a = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int) ifindex,
	};

	if (c->is_paced && bind(c->fds.bell, (struct sockaddr *) &a, sizeof(a)) < 0)
		return -errno;
	if (bind(c->fds.packet, (struct sockaddr *) &a, sizeof(a)) < 0)
		return -errno;
	c->bound_ifindex = ifindex;
	return 0;
}

/* The chosen links that exist now, by index, into @ret (owned by the caller). */
static ssize_t chosen_indexes(const struct capture *c, uint32_t **ret)
{
	uint32_t *list = malloc((c->ifs.n + 1) * sizeof(*list));
	ssize_t n = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < c->ifs.n; i++) {
		const struct interface *f = c->ifs.all[i];

		if (!f->gone && f->known && is_chosen(c, &f->link))
			list[n++] = f->link.ifindex;
	}
	*ret = list;
	return n;
}

int links_apply(struct capture *c)
{
	AUTO_FREE struct sock_filter *prog = calloc(BPF_MAXINSNS, sizeof(*prog));
	AUTO_FREE uint32_t *chosen = NULL;
	ssize_t n_chosen = chosen_indexes(c, &chosen), n;
	struct filter_plan plan = {.conf = &c->conf, .ifindexes = chosen};
	uint32_t bind_index;
	int rc;

	if (!prog || n_chosen < 0)
		return -ENOMEM;
	plan.n_ifindexes = (size_t) n_chosen;
	n = filter_assemble(&plan, prog);
	if (n < 0)
		return (int) n;
	rc = filter_attach(c->fds.packet, prog, (size_t) n);
	if (rc == 0 && c->is_paced && !c->is_muted)
		rc = filter_attach(c->fds.bell, prog, (size_t) n);
	if (rc < 0)
		return rc;
	/* bound to its one link, the socket does not even look at the packets of the others */
	bind_index = c->conf.n_names == 1 && n_chosen == 1 ? chosen[0] : 0;
	if (!c->running || bind_index != c->bound_ifindex)
		rc = bind_to(c, bind_index);
	/* the one link may be gone again: then wait on all for it to come back */
	return rc == -ENODEV ? bind_to(c, 0) : rc;
}

static void join(struct capture *c, struct interface *i)
{
	struct packet_mreq m = {
		.mr_ifindex = (int) i->link.ifindex,
		.mr_type = PACKET_MR_PROMISC,
	};

	if (!c->conf.promiscuous || i->joined)
		return;
	/* fails only if the link is gone, and then there is nothing to listen to */
	(void) setsockopt(c->fds.packet, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof(m));
	i->joined = true;
}

int links_admit(struct capture *c, struct interface *i)
{
	join(c, i);
	if (i->is_told)
		return 0;
	i->speed_bps = speed_of_link(c->fds.packet, i->link.name);
	return chunking_tell_interface(c, i);
}

/* A link changed, appeared or went away while we capture. */
static int on_link(void *ctx, const struct link *link, bool gone)
{
	struct capture *c = ctx;
	struct interface *i = interfaces_find(&c->ifs, link->ifindex);
	bool is_new, was_chosen;
	int rc = 0;

	if (gone) {
		interfaces_remove(&c->ifs, link->ifindex);
		/* it may come back under its name and another index */
		return c->running && c->bound_ifindex == link->ifindex ? links_apply(c) : 0;
	}
	was_chosen = i && !i->gone && i->known && is_chosen(c, &i->link);
	i = interfaces_update(&c->ifs, link);
	if (!i)
		return -ENOSPC;
	if (!c->running)
		return 0;
	is_new = is_chosen(c, &i->link) && !was_chosen;
	if (is_new && c->conf.n_names > 0)
		rc = links_apply(c);
	/* a link that is still down may yet get the name it keeps: tell it when it comes up */
	if (rc == 0 && is_chosen(c, &i->link) && (link->flags & IFF_UP))
		rc = links_admit(c, i);
	return rc;
}

int links_read(struct capture *c)
{
	/* no dump is asked for after the start: nothing may be sent then */
	int rc = link_receive(c->fds.netlink, on_link, c);

	/* events the kernel had to drop: what we miss shows up with its first packet */
	return rc == -ENOBUFS ? 0 : rc;
}
