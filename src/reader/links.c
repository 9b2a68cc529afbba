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

int links_bind_socket(int sock, uint32_t ifindex)
{
	struct sockaddr_ll a = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int) ifindex,
	};

	return bind(sock, (struct sockaddr *) &a, sizeof(a)) < 0 ? -errno : 0;
}

int links_bind(struct capture *c, uint32_t ifindex)
{
	int rc = c->is_paced ? links_bind_socket(c->fds.bell, ifindex) : 0;

	if (rc == 0)
		rc = links_bind_socket(c->fds.packet, ifindex);
	if (rc < 0)
		return rc;
	c->bound_ifindex = ifindex;
	c->is_bound = true;
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

uint32_t links_target(const struct capture *c)
{
	AUTO_FREE uint32_t *chosen = NULL;

	return c->conf.n_names == 1 && chosen_indexes(c, &chosen) == 1 ? chosen[0] : 0;
}

/* The program that the kernel runs for the capture now, into @prog (BPF_MAXINSNS elements). Returns
 * the number of instructions or a negative errno. */
static ssize_t assemble(const struct capture *c, struct sock_filter *prog)
{
	AUTO_FREE uint32_t *chosen = NULL;
	ssize_t n_chosen = chosen_indexes(c, &chosen);
	struct filter_plan plan = {.conf = &c->conf, .ifindexes = chosen};

	if (n_chosen < 0)
		return n_chosen;
	plan.n_ifindexes = (size_t) n_chosen;
	return filter_assemble(&plan, prog);
}

/* The packet socket cannot be bound anew: another one has to take its place, once the link is back.
 */
static int want_binding(struct capture *c, uint32_t ifindex)
{
	c->wants_binding = ifindex > 0;
	c->wanted_ifindex = ifindex;
	return c->is_paced && ifindex > 0 ? links_bind_socket(c->fds.bell, ifindex) : 0;
}

int links_apply(struct capture *c)
{
	AUTO_FREE struct sock_filter *prog = calloc(BPF_MAXINSNS, sizeof(*prog));
	ssize_t n = prog ? assemble(c, prog) : -ENOMEM;
	uint32_t bind_index = links_target(c);
	int rc;

	if (n < 0)
		return (int) n;
	rc = filter_attach(c->fds.packet, prog, (size_t) n);
	if (rc == 0 && c->is_paced && !c->is_muted)
		rc = filter_attach(c->fds.bell, prog, (size_t) n);
	if (rc < 0)
		return rc;
	if (c->is_bound && bind_index == c->bound_ifindex)
		return 0;
	if (c->is_grouped)
		return want_binding(c, bind_index);
	rc = links_bind(c, bind_index);
	/* the one link may be gone again: then wait on all for it to come back */
	return rc == -ENODEV ? links_bind(c, 0) : rc;
}

static void set_promiscuous(int sock, uint32_t ifindex)
{
	struct packet_mreq m = {
		.mr_ifindex = (int) ifindex,
		.mr_type = PACKET_MR_PROMISC,
	};

	/* fails only if the link is gone, and then there is nothing to listen to */
	(void) setsockopt(sock, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof(m));
}

static void join(struct capture *c, struct interface *i)
{
	if (!c->conf.promiscuous || i->joined)
		return;
	set_promiscuous(c->fds.packet, i->link.ifindex);
	i->joined = true;
}

int links_prepare_socket(const struct capture *c, int sock)
{
	AUTO_FREE struct sock_filter *prog = calloc(BPF_MAXINSNS, sizeof(*prog));
	ssize_t n = prog ? assemble(c, prog) : -ENOMEM;

	for (size_t i = 0; i < c->ifs.n; i++) {
		if (c->ifs.all[i]->joined)
			set_promiscuous(sock, c->ifs.all[i]->link.ifindex);
	}
	return n < 0 ? (int) n : filter_attach(sock, prog, (size_t) n);
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
