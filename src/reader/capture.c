/* SPDX-License-Identifier: MIT */
#include "reader/capture.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/own.h"
#include "reader/bell.h"
#include "reader/chunking.h"
#include "reader/filter.h"
#include "reader/growth.h"
#include "reader/links.h"

void capture_done(struct capture *c)
{
	interfaces_done(&c->ifs);
	capture_conf_done(&c->conf);
	verdict_done(&c->verdict);
	ring_done(&c->ring);
}

/* The interface that stands for the link of @p, which has no id of its own. */
static struct interface *further_of(struct capture *c, const struct packet *p, int *ret_rc)
{
	struct interface *i = interfaces_further(&c->ifs, p->arphrd);

	*ret_rc = !i ? -ENOMEM : i->is_told ? 0 : chunking_tell_interface(c, i);
	return *ret_rc == 0 ? i : NULL;
}

/* The interface a packet came from, told to the service if it was not yet. NULL with a negative
 * errno in *ret_rc. */
static struct interface *interface_of(struct capture *c, const struct packet *p, int *ret_rc)
{
	struct interface *i = interfaces_find(&c->ifs, p->ifindex);

	*ret_rc = 0;
	if (i && i->is_told)
		return i;
	/* its message may still be waiting */
	if (!i)
		*ret_rc = links_read(c);
	if (*ret_rc < 0)
		return NULL;
	i = interfaces_find(&c->ifs, p->ifindex);
	if (!i) {
		i = interfaces_add_unknown(&c->ifs, p->ifindex, p->arphrd);
		if (i)
			links_note(c, i);
	}
	if (i)
		*ret_rc = links_admit(c, i);
	if (*ret_rc < 0)
		return NULL;
	return i && i->is_told ? i : further_of(c, p, ret_rc);
}

/* Take in what the kernel dropped since it was last asked. */
static int count_lost(struct capture *c)
{
	uint64_t lost;
	int rc = ring_lost(&c->ring, &lost);

	if (rc == 0)
		c->lost += lost;
	c->is_tight |= rc == 0 && lost > 0;
	return rc;
}

/* Stand in @block, behind what was read of it early, with its first @n packets to be read. */
static int enter_block(struct capture *c, const uint8_t *block, uint32_t n)
{
	bool lossy;
	int rc;

	if (c->walk.block == block)
		return block_resume(&c->walk, n);
	rc = block_begin(&c->walk, block, c->ring.block_bytes, &lossy);
	if (rc == 0)
		rc = block_resume(&c->walk, n);
	/* the kernel drops while no block is free, so the loss is in front of the next block it
	 * could open: this one, which says so itself only when it is closed */
	if (rc == 0 && (lossy || c->is_paced))
		rc = count_lost(c);
	return rc;
}

/* Does the capture keep @p? Most packets passed the kernel's program, which has decided. */
static bool is_kept(struct capture *c, struct packet *p)
{
	const struct interface *i = interfaces_find(&c->ifs, p->ifindex);

	if (!c->verdict.is_refused && i && !i->is_open)
		return true;
	return verdict_keeps(&c->verdict, c->conf.snaplen, p);
}

static int emit_packets(struct capture *c)
{
	struct packet p;
	int rc = 0;

	while (rc == 0) {
		struct interface *i;
		int more = block_next(&c->walk, &p);

		if (more <= 0)
			return more;
		if (!is_kept(c, &p))
			continue;
		i = interface_of(c, &p, &rc);
		if (i)
			rc = chunking_add_packet(c, i, &p);
	}
	return rc;
}

/* Every block the kernel has handed over. *ret_taken: how many. */
static int drain_blocks(struct capture *c, uint32_t *ret_taken)
{
	const uint8_t *block;
	int rc = 0;

	*ret_taken = 0;

	while (rc == 0 && (block = ring_take(&c->ring))) {
		(*ret_taken)++;
		rc = enter_block(c, block, block_packets(block));
		if (rc == 0)
			rc = emit_packets(c);
		c->walk.block = NULL;
		ring_give_back(&c->ring);
		if (rc == 0)
			rc = chunking_flush(c);
		chunking_notify(c);
	}
	return rc;
}

/* Everything the kernel has handed over, and its losses. */
static int drain(struct capture *c)
{
	uint32_t taken;
	int rc = drain_blocks(c, &taken);

	/* when the ring was full and nothing came after the loss, no block tells of it; asking
	 * takes the lock under which the kernel fills the ring */
	if (rc == 0 && ring_was_full(&c->ring, taken))
		rc = count_lost(c);
	c->is_tight |= ring_was_tight(&c->ring, taken);
	if (rc == 0)
		rc = growth_report(c);
	if (rc == 0 && c->lost > 0) {
		rc = chunking_flush(c);
		chunking_notify(c);
	}
	return rc;
}

/* The first @n packets of @block, which the kernel has not handed over but has written. */
static int emit_early(struct capture *c, const uint8_t *block, uint32_t n)
{
	int rc = enter_block(c, block, n);

	if (rc == 0)
		rc = emit_packets(c);
	if (rc == 0)
		rc = chunking_flush(c);
	chunking_notify(c);
	return rc;
}

/* What is whole of the block that the kernel still fills. *ret_any: there was something new. */
static int read_early(struct capture *c, bool *ret_any)
{
	const uint8_t *block = NULL;
	uint32_t n = ring_begun(&c->ring, &block);
	int rc;

	*ret_any = n > 0 && (c->walk.block != block || n > c->walk.shown);
	if (!*ret_any)
		return 0;
	rc = ring_settle();
	return rc == 0 ? emit_early(c, block, n) : rc;
}

/* Read ring @old, which the kernel does not write to any more, to its end. Packets it lost, @lost,
 * were lost while it was full, so they come behind everything in it. */
static int drain_old(struct capture *c, struct ring *old, uint64_t lost)
{
	struct ring next = c->ring;
	const uint8_t *block = NULL;
	uint32_t n;
	int rc;

	c->ring = *old;
	rc = drain_blocks(c, &n);
	n = ring_begun(&c->ring, &block);
	if (rc == 0 && n > 0)
		rc = emit_early(c, block, n);
	c->walk.block = NULL;
	c->ring = next;
	c->lost += lost;
	return rc;
}

static int change_ring(struct capture *c, uint32_t ring_bytes)
{
	struct ring old;
	uint64_t lost;
	int rc = growth_switch(c, ring_bytes, &old, &lost);

	if (rc < 0)
		return 0; /* the capture keeps its ring */
	rc = drain_old(c, &old, lost);
	ring_done(&old);
	return rc;
}

/* Blocks fill by themselves: no packet needs to touch the bell. Without room for a program in the
 * kernel they do, which is no more than a waste. */
static int mute(struct capture *c)
{
	int rc;

	if (c->is_muted)
		return 0;
	c->is_muted = true;
	rc = filter_attach_none(c->fds.bell);
	return rc == -ENOMEM ? 0 : rc;
}

static int unmute(struct capture *c)
{
	c->is_muted = false;
	return links_apply(c);
}

/* After a time in which no block was filled: read what there is. When that is nothing, sleep until
 * the bell rings. Not if it has rung just now, as its packet may be a moment later in the ring. */
static int settle_down(struct capture *c)
{
	bool has_rung = bell_empty(c->fds.bell), is_any;
	int rc = read_early(c, &is_any);

	if (rc < 0 || is_any || has_rung)
		return rc;
	if (c->is_muted)
		return unmute(c);
	c->is_asleep = true;
	return 0;
}

/* What a paced capture does after each wake-up. @fills: the kernel has handed blocks over. */
static int keep_pace(struct capture *c, bool fills)
{
	if (fills) {
		c->is_asleep = false;
		return mute(c);
	}
	if (!c->is_asleep)
		return settle_down(c);
	c->is_asleep = !bell_empty(c->fds.bell);
	return 0;
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
	uint32_t ring_bytes;
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
		return c->running ? links_apply(c) : 0;
	case CONF_STOP:
		c->stopping = true;
		return 0;
	case CONF_RING:
		return conf_ring_decode(buf, len, &ring_bytes) < 0 ? -EBADMSG
								   : change_ring(c, ring_bytes);
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
		rc = links_admit(c, find_name(c, c->conf.names[n]));
	return rc;
}

static int admit_all(struct capture *c)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->ifs.n; i++) {
		if (!c->ifs.all[i]->gone)
			rc = links_admit(c, c->ifs.all[i]);
	}
	return rc;
}

static int start(struct capture *c, struct err *e)
{
	int rc = wait_for_conf(c);

	c->ifs.n_told = c->conf.first_interface;
	if (rc == 0)
		rc = links_read(c);
	if (rc == 0 && c->conf.may_grow)
		rc = growth_prepare(c, links_target(c));
	/* interfaces say where their packets are filtered, so that comes first */
	if (rc == 0)
		rc = links_filter(c);
	if (rc == 0)
		rc = c->conf.n_names ? admit_chosen(c, e) : admit_all(c);
	if (rc == 0)
		rc = links_apply(c);
	if (rc < 0)
		return rc;
	c->running = true;
	c->conf.comment[0] = '\0'; /* later interfaces are no news of that kind */
	rc = chunking_tell(c, CHUNK_READY, 0, "");
	return rc == 0 ? links_report(c) : rc;
}

/* A link that goes down leaves an error on the socket; read, it is gone. */
static void clear_error(const struct pollfd *p)
{
	int err;
	socklen_t len = sizeof(err);

	if (p->revents & POLLERR)
		(void) getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &err, &len);
}

static int loop(struct capture *c)
{
	int rc = 0;

	while (rc == 0 && !c->stopping) {
		struct pollfd p[] = {
			{.fd = c->fds.packet, .events = POLLIN},
			{.fd = c->fds.netlink, .events = POLLIN},
			{.fd = c->fds.control, .events = POLLIN},
			{.fd = c->is_asleep ? c->fds.bell : -1, .events = POLLIN},
		};
		bool waits = c->is_paced && !c->is_asleep;

		if (poll(p, ARRAY_LEN(p), waits ? (int) c->latency_ms - PACE_GRACE_MS : -1) < 0 &&
			errno != EINTR)
			return -errno;
		clear_error(&p[0]);
		clear_error(&p[3]);
		if (p[1].revents)
			rc = links_read(c);
		if (rc == 0)
			rc = drain(c);
		if (rc == 0 && c->is_paced)
			rc = keep_pace(c, p[0].revents & POLLIN);
		if (p[1].revents)
			chunking_notify(c);
		if (rc == 0 && p[2].revents)
			rc = on_control(c);
	}
	return rc;
}

/* Everything that passed the old filter is in the ring once the kernel has settled. */
static int finish_paced(struct capture *c)
{
	bool is_any;
	int rc = ring_settle();

	if (rc == 0)
		rc = drain(c);
	return rc == 0 ? read_early(c, &is_any) : rc;
}

/* The kernel hands the last block over after the latency of the ring, so twice that with nothing
 * new is the end. */
static int finish_timed(struct capture *c)
{
	int rc, n;

	do {
		struct pollfd p = {.fd = c->fds.packet, .events = POLLIN};

		n = poll(&p, 1, 2 * (int) c->latency_ms + 20);
		clear_error(&p);
		rc = drain(c);
	} while (rc == 0 && n > 0);
	return rc;
}

/* Let nothing in any more, and deliver and count what is there. */
static int finish(struct capture *c)
{
	int rc = links_block(c);

	if (rc == 0)
		rc = c->is_paced ? finish_paced(c) : finish_timed(c);
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
