/* SPDX-License-Identifier: MIT */
#include "reader/capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/own.h"
#include "reader/block.h"
#include "reader/chunking.h"
#include "reader/filter.h"
#include "reader/speed.h"

void capture_done(struct capture *c)
{
	interfaces_done(&c->ifs);
	capture_conf_done(&c->conf);
	ring_done(&c->ring);
}

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

/* Make the kernel's filter and the binding match the configuration and the links there are. The
 * filter comes first: no packet passes that a later filter would refuse. */
static int apply(struct capture *c)
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

/* Interface @i belongs to the capture from now on. */
static int admit(struct capture *c, struct interface *i)
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
		return c->running && c->bound_ifindex == link->ifindex ? apply(c) : 0;
	}
	was_chosen = i && !i->gone && i->known && is_chosen(c, &i->link);
	i = interfaces_update(&c->ifs, link);
	if (!i)
		return -ENOSPC;
	if (!c->running)
		return 0;
	is_new = is_chosen(c, &i->link) && !was_chosen;
	if (is_new && c->conf.n_names > 0)
		rc = apply(c);
	/* a link that is still down may yet get the name it keeps: tell it when it comes up */
	if (rc == 0 && is_chosen(c, &i->link) && (link->flags & IFF_UP))
		rc = admit(c, i);
	return rc;
}

static int read_links(struct capture *c)
{
	/* no dump is asked for after the start: nothing may be sent then */
	int rc = link_receive(c->fds.netlink, on_link, c);

	/* events the kernel had to drop: what we miss shows up with its first packet */
	return rc == -ENOBUFS ? 0 : rc;
}

/* The interface a packet came from, told to the service if it was not yet. NULL with *ret_rc 0: it
 * does not belong to the capture any more. */
static struct interface *interface_of(struct capture *c, const struct packet *p, int *ret_rc)
{
	struct interface *i = interfaces_find(&c->ifs, p->ifindex);

	*ret_rc = 0;
	if (i && i->is_told)
		return i;
	/* its message may still be waiting */
	if (!i)
		*ret_rc = read_links(c);
	if (*ret_rc == 0)
		i = interfaces_find(&c->ifs, p->ifindex);
	if (!i && *ret_rc == 0) {
		i = interfaces_add_unknown(&c->ifs, p->ifindex, p->arphrd);
		*ret_rc = i ? 0 : -ENOSPC;
	}
	if (i && *ret_rc == 0)
		*ret_rc = admit(c, i);
	return *ret_rc == 0 ? i : NULL;
}

/* Take in what the kernel dropped since it was last asked. */
static int count_lost(struct capture *c)
{
	uint64_t lost;
	int rc = ring_lost(&c->ring, &lost);

	if (rc == 0)
		c->lost += lost;
	return rc;
}

static int emit_block(struct capture *c, const uint8_t *block)
{
	struct block_walk w;
	struct packet p;
	bool lossy;
	int rc = block_begin(&w, block, c->ring.block_bytes, &lossy);

	/* the kernel drops while no block is free, so the loss is in front of the next block it
	 * could open: this one */
	if (rc == 0 && lossy)
		rc = count_lost(c);
	while (rc == 0) {
		struct interface *i;
		int more = block_next(&w, &p);

		if (more <= 0)
			return more;
		i = interface_of(c, &p, &rc);
		if (i)
			rc = chunking_add_packet(c, i, &p);
	}
	return rc;
}

/* Everything the kernel has handed over. */
static int drain(struct capture *c)
{
	const uint8_t *block;
	bool is_any = false;
	int rc = 0;

	while (rc == 0 && (block = ring_take(&c->ring))) {
		is_any = true;
		rc = emit_block(c, block);
		ring_give_back(&c->ring);
		if (rc == 0)
			rc = chunking_flush(c);
		chunking_notify(c);
	}
	/* when the ring was full and nothing came after the loss, no block tells of it */
	if (rc == 0 && is_any)
		rc = count_lost(c);
	if (rc == 0 && c->lost > 0) {
		rc = chunking_flush(c);
		chunking_notify(c);
	}
	return rc;
}

static int receive_control(struct capture *c, uint8_t *buf, size_t cap, size_t *ret_len)
{
	ssize_t n = recv(c->fds.control, buf, cap, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -errno;
	if (n == 0)
		return -EPIPE;
	if ((size_t) n > cap)
		return -EMSGSIZE;
	*ret_len = (size_t) n;
	return 0;
}

static int on_control(struct capture *c)
{
	AUTO_FREE uint8_t *buf = malloc(CONF_MAX_BYTES);
	size_t len = 0;
	ssize_t n;
	int rc;

	if (!buf)
		return -ENOMEM;
	rc = receive_control(c, buf, CONF_MAX_BYTES, &len);
	if (rc < 0)
		return rc == -EAGAIN ? 0 : rc;
	switch (conf_kind(buf, len)) {
	case CONF_START:
		return c->conf.snaplen ? -EBADMSG : capture_conf_decode(buf, len, &c->conf);
	case CONF_EXCLUDE:
		n = conf_exclude_decode(buf, len, c->conf.endpoints);
		if (n < 0)
			return -EBADMSG;
		c->conf.n_endpoints = (uint16_t) n;
		return c->running ? apply(c) : 0;
	case CONF_STOP:
		c->stopping = true;
		return 0;
	default:
		return -EBADMSG;
	}
}

static int wait_for_conf(struct capture *c)
{
	int rc = 0;

	while (rc == 0 && c->conf.snaplen == 0) {
		struct pollfd p = {.fd = c->fds.control, .events = POLLIN};

		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return -errno;
		rc = on_control(c);
	}
	return rc;
}

/* The interface called @name now, NULL if there is none. */
static struct interface *find_name(const struct capture *c, const char *name)
{
	for (size_t i = 0; i < c->ifs.n; i++) {
		if (!c->ifs.all[i]->gone && strcmp(c->ifs.all[i]->link.name, name) == 0)
			return c->ifs.all[i];
	}
	return NULL;
}

/* The chosen interfaces, told in the order they were asked for; every one must exist. */
static int admit_chosen(struct capture *c, struct err *e)
{
	int rc = 0;

	for (uint16_t n = 0; n < c->conf.n_names; n++) {
		if (!find_name(c, c->conf.names[n]))
			return err_set(e, -ENODEV,
				"there is no network interface \"%s\" in the target's network "
				"namespace",
				c->conf.names[n]);
	}
	for (uint16_t n = 0; rc == 0 && n < c->conf.n_names; n++)
		rc = admit(c, find_name(c, c->conf.names[n]));
	return rc;
}

static int admit_all(struct capture *c)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->ifs.n; i++) {
		if (!c->ifs.all[i]->gone)
			rc = admit(c, c->ifs.all[i]);
	}
	return rc;
}

static int start(struct capture *c, struct err *e)
{
	int rc = wait_for_conf(c);

	c->ifs.n_told = c->conf.first_interface;
	if (rc == 0)
		rc = read_links(c);
	if (rc == 0)
		rc = c->conf.n_names ? admit_chosen(c, e) : admit_all(c);
	if (rc == 0)
		rc = apply(c);
	if (rc < 0)
		return rc;
	c->running = true;
	c->conf.comment[0] = '\0'; /* later interfaces are no news of that kind */
	return chunking_tell(c, CHUNK_READY, 0, "");
}

/* A link that goes down leaves an error on the socket; read, it is gone. */
static void clear_error(int sock)
{
	int err;
	socklen_t len = sizeof(err);

	(void) getsockopt(sock, SOL_SOCKET, SO_ERROR, &err, &len);
}

static int loop(struct capture *c)
{
	int rc = 0;

	while (rc == 0 && !c->stopping) {
		struct pollfd p[] = {
			{.fd = c->fds.packet, .events = POLLIN},
			{.fd = c->fds.netlink, .events = POLLIN},
			{.fd = c->fds.control, .events = POLLIN},
		};

		if (poll(p, ARRAY_LEN(p), -1) < 0 && errno != EINTR)
			return -errno;
		if (p[0].revents & POLLERR)
			clear_error(c->fds.packet);
		if (p[1].revents)
			rc = read_links(c);
		if (rc == 0)
			rc = drain(c);
		if (p[1].revents)
			chunking_notify(c);
		if (rc == 0 && p[2].revents)
			rc = on_control(c);
	}
	return rc;
}

/* Let nothing in any more, and deliver and count what is there. The kernel hands the last block
 * over after the latency of the ring, so twice that with nothing new is the end. */
static int finish(struct capture *c)
{
	int rc = filter_attach_none(c->fds.packet), n;

	do {
		struct pollfd p = {.fd = c->fds.packet, .events = POLLIN};

		n = poll(&p, 1, 2 * (int) c->latency_ms + 20);
		if (n > 0 && (p.revents & POLLERR))
			clear_error(c->fds.packet);
		if (rc == 0)
			rc = drain(c);
	} while (rc == 0 && n > 0);
	if (rc == 0)
		rc = count_lost(c);
	return rc == 0 ? chunking_flush(c) : rc;
}

int capture_run(struct capture *c)
{
	struct err e = ERR_NONE;
	int rc = start(c, &e);

	if (rc == 0)
		rc = loop(c);
	if (rc == 0)
		rc = finish(c);
	if (rc == -EPIPE)
		return 0; /* the service hung up: there is nobody to tell */
	if (rc < 0 && e.code == 0)
		(void) err_sys(&e, rc, "capture failed");
	(void) chunking_tell(c, CHUNK_END, rc, e.text);
	return rc;
}
