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
#include "netlink/ethtool.h"
#include "reader/chunking.h"
#include "reader/filter.h"

static bool is_chosen(const struct capture *c, const struct link *link)
{
	for (uint16_t i = 0; i < c->conf.n_names; i++) {
		if (strcmp(c->conf.names[i], link->name) == 0)
			return true;
	}
	return c->conf.n_names == 0;
}

/* An interface that was admitted once stays, whatever it is called later: renaming it neither ends
 * nor silences the capture. */
static bool belongs(const struct capture *c, const struct interface *i)
{
	return i->is_admitted || is_chosen(c, &i->link);
}

static int bind_protocol(int sock, uint32_t ifindex, uint16_t protocol)
{
	struct sockaddr_ll a = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = (int) ifindex,
	};

	return bind(sock, (struct sockaddr *) &a, sizeof(a)) < 0 ? -errno : 0;
}

int links_bind_socket(int sock, uint32_t ifindex)
{
	return bind_protocol(sock, ifindex, ETH_P_ALL);
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

/* The chosen links, by index, into @ret (owned by the caller): those that exist now, or also
 * removed ones, whose packets can still be in the ring. */
static ssize_t chosen_indexes(const struct capture *c, bool with_removed, uint32_t **ret)
{
	uint32_t *list = malloc((c->ifs.n + 1) * sizeof(*list));
	ssize_t n = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < c->ifs.n; i++) {
		const struct interface *f = c->ifs.all[i];

		if ((with_removed || !f->gone) && f->known && belongs(c, f))
			list[n++] = f->link.ifindex;
	}
	*ret = list;
	return n;
}

uint32_t links_target(const struct capture *c)
{
	AUTO_FREE uint32_t *chosen = NULL;

	return c->conf.n_names == 1 && chosen_indexes(c, false, &chosen) == 1 ? chosen[0] : 0;
}

/* The link types of links that can have packets now, and those the kernel decides about already. */
static uint32_t present_types(const struct capture *c)
{
	uint32_t types = c->verdict.kernel_types;

	for (size_t i = 0; i < c->ifs.n; i++) {
		const struct interface *f = c->ifs.all[i];

		if (!f->gone && f->known && is_chosen(c, &f->link) &&
			(c->conf.n_names > 0 || f->link.flags & IFF_UP))
			types |= filter_type_bit(f->linktype);
	}
	return types;
}

/* The program that the kernel runs for the capture now, deciding about @types. Returns the number
 * of instructions in *ret (owned by the caller) or a negative errno. */
static ssize_t assemble(const struct capture *c, uint32_t types, struct sock_filter **ret)
{
	AUTO_FREE struct sock_filter *prog = calloc(FILTER_INSNS_MAX, sizeof(*prog));
	AUTO_FREE uint32_t *chosen = NULL;
	ssize_t n = chosen_indexes(c, types == FILTER_TYPES_ALL, &chosen);
	struct filter_plan plan = {.conf = &c->conf, .ifindexes = chosen, .types = types};

	if (n < 0 || !prog)
		return -ENOMEM;
	plan.n_ifindexes = (size_t) n;
	n = filter_assemble(&plan, prog, FILTER_INSNS_MAX);
	if (n >= 0)
		*ret = TAKE_PTR(prog);
	return n;
}

/* Make the reader's own program. */
static int renew_verdict(struct capture *c)
{
	struct sock_filter *prog = NULL;
	ssize_t n = assemble(c, FILTER_TYPES_ALL, &prog);

	if (n < 0)
		return (int) n;
	free(c->verdict.prog);
	c->verdict.prog = prog;
	c->verdict.n = (size_t) n;
	return 0;
}

void links_note(const struct capture *c, struct interface *i)
{
	i->is_noted = true;
	i->is_open = !(c->verdict.kernel_types & filter_type_bit(i->linktype));
}

int links_filter(struct capture *c)
{
	AUTO_FREE struct sock_filter *prog = NULL;
	uint32_t types = present_types(c);
	ssize_t n = assemble(c, types, &prog);
	bool is_bell_deaf = false;
	int rc = n < 0 ? (int) n : renew_verdict(c);

	if (rc == 0)
		rc = verdict_install(c->fds.packet, prog, (size_t) n, &c->verdict.is_refused);
	if (rc == 0 && c->is_paced && !c->is_muted)
		rc = verdict_install(c->fds.bell, prog, (size_t) n, &is_bell_deaf);
	if (rc < 0)
		return rc;
	c->verdict.kernel_types = types;
	for (size_t i = 0; !c->running && i < c->ifs.n; i++)
		links_note(c, c->ifs.all[i]);
	return c->running ? links_report(c) : 0;
}

int links_report(struct capture *c)
{
	if (!c->verdict.is_refused || c->verdict.is_reported)
		return 0;
	c->verdict.is_reported = true;
	return chunking_tell(c, CHUNK_FILTER_REFUSED, 0, "");
}

int links_block(struct capture *c)
{
	int rc = filter_attach_none(c->fds.packet);

	if (rc != -ENOMEM)
		return rc;
	c->verdict.is_refused = true;
	(void) filter_detach(c->fds.packet);
	rc = filter_attach_none(c->fds.packet);
	if (rc == -ENOMEM)
		rc = bind_protocol(c->fds.packet, c->bound_ifindex, UINT16_MAX);
	return c->is_paced ? 0 : rc;
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
	uint32_t bind_index = links_target(c);
	int rc = links_filter(c);

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

int links_prepare_socket(struct capture *c, int sock)
{
	AUTO_FREE struct sock_filter *prog = NULL;
	ssize_t n = assemble(c, c->verdict.kernel_types, &prog);

	for (size_t i = 0; i < c->ifs.n; i++) {
		if (c->ifs.all[i]->joined)
			set_promiscuous(sock, c->ifs.all[i]->link.ifindex);
	}
	return n < 0 ? (int) n : verdict_install(sock, prog, (size_t) n, &c->verdict.is_refused);
}

int links_admit(struct capture *c, struct interface *i)
{
	join(c, i);
	i->is_admitted = true;
	if (i->is_told || !interfaces_have_id(&c->ifs))
		return 0;
	i->speed_bps = ethtool_speed_bps(c->fds.packet, i->link.name);
	return chunking_tell_interface(c, i);
}

/* The link of @i is no longer called @former. The stream describes it anew, under another id, with
 * a comment. After too many of these it keeps the last one. */
static void renamed(struct capture *c, struct interface *i, const char *former)
{
	if (!i->is_told || i->renames >= INTERFACE_RENAMES_MAX ||
		c->ifs.n_told >= INTERFACES_MAX / 2)
		return;
	i->renames++;
	i->is_told = false;
	memcpy(i->former, former, sizeof(i->former));
}

/* Do the filters have to change for link @i as it is now? If it is newly chosen, or has a type that
 * the kernel's program leaves open. */
static bool has_news(const struct capture *c, const struct interface *i, bool was_chosen)
{
	if (!belongs(c, i))
		return false;
	if (c->conf.n_names > 0)
		return !was_chosen;
	return (i->link.flags & IFF_UP) &&
	       !(c->verdict.kernel_types & filter_type_bit(i->linktype));
}

/* A link changed, appeared or went away while we capture. */
static int on_link(void *ctx, const struct link *link, bool gone)
{
	struct capture *c = ctx;
	struct interface *i = interfaces_find(&c->ifs, link->ifindex);
	const struct interface *before = i;
	char name[LINK_NAME_MAX] = "";
	bool was_chosen;
	int rc = 0;

	if (gone) {
		interfaces_remove(&c->ifs, link->ifindex);
		/* it may come back under its name and another index */
		return c->running && c->bound_ifindex == link->ifindex ? links_apply(c) : 0;
	}
	was_chosen = i && !i->gone && i->known && belongs(c, i);
	if (i && i->known)
		memcpy(name, i->link.name, sizeof(name));
	/* a capture of named links does not have to remember others */
	if (!i && c->running && !is_chosen(c, link))
		return 0;
	i = interfaces_update(&c->ifs, link);
	if (!i || !c->running)
		return 0;
	if (i == before && name[0] && strcmp(name, i->link.name) != 0)
		renamed(c, i, name);
	if (!i->is_noted)
		links_note(c, i);
	if (has_news(c, i, was_chosen))
		rc = links_apply(c);
	/* a link that is still down may yet get the name it keeps: tell it when it comes up */
	if (rc == 0 && belongs(c, i) && (link->flags & IFF_UP))
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
