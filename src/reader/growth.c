/* SPDX-License-Identifier: MIT */
#include "reader/growth.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "reader/chunking.h"
#include "reader/fanout.h"
#include "reader/filter.h"
#include "reader/links.h"

int growth_prepare(struct capture *c, uint32_t ifindex)
{
	int rc = filter_attach_none(c->fds.packet);

	if (rc == -ENOMEM)
		return 0;
	if (rc == 0)
		rc = links_bind(c, ifindex);
	if (rc == 0 && c->is_paced && fanout_create(c->fds.packet, &c->fanout_group) == 0) {
		c->is_grouped = true;
		c->can_grow = fanout_select(c->fds.packet, 0) == 0;
	}
	return rc;
}

int growth_report(struct capture *c)
{
	if (c->wants_binding && !c->is_binding_reported) {
		c->is_binding_reported = true;
		return chunking_tell(c, CHUNK_RING_WANTED, -ENODEV, "");
	}
	if (c->can_grow && c->is_tight && !c->is_tightness_reported) {
		c->is_tightness_reported = true;
		return chunking_tell(c, CHUNK_RING_WANTED, 0, "");
	}
	return 0;
}

/* @spare becomes a member of the group like the first socket, then the only one that gets packets.
 */
static int take_over(struct capture *c, int spare)
{
	int rc = filter_attach_none(spare);

	if (rc == 0)
		rc = links_bind_socket(spare, c->bound_ifindex);
	if (rc == 0)
		rc = fanout_join(spare, c->fanout_group);
	if (rc == 0)
		rc = links_prepare_socket(c, spare);
	return rc == 0 ? fanout_select(c->fds.packet, 1) : rc;
}

/* The link of the first socket is gone, so no packet can be on its way to both. @spare is no member
 * of a group: it can be bound anew as often as needed. */
static int follow_link(struct capture *c, int spare)
{
	int rc = links_prepare_socket(c, spare);

	return rc == 0 ? links_bind_socket(spare, c->wanted_ifindex) : rc;
}

/* The next spare socket, -1 if there is none. */
static int next_spare(struct capture *c)
{
	return c->n_spares_used < READER_SPARES ? c->fds.spare[c->n_spares_used++] : -1;
}

/* @spare gets the number of the packet socket. That closes the former socket, which waits until the
 * kernel has written its last packet; the pages of its ring stay as long as they are mapped. */
static int replace_socket(struct capture *c, int spare, struct ring *next, struct ring *ret_old)
{
	if (dup3(spare, c->fds.packet, O_CLOEXEC) < 0)
		return -errno;
	(void) close(spare);
	next->sock = c->fds.packet;
	*ret_old = c->ring;
	c->ring = *next;
	return 0;
}

int growth_switch(struct capture *c, uint32_t ring_bytes, struct ring *ret_old, uint64_t *ret_lost)
{
	struct packet_ring_size size;
	struct err e = ERR_NONE;
	struct ring next;
	int spare = next_spare(c);
	int rc = spare >= 0 && (c->wants_binding || c->can_grow)
			 ? packet_ring_divide(ring_bytes, &size)
			 : -EPROTO;

	*ret_lost = 0;
	if (rc == 0)
		rc = ring_map(&next, spare, &size, &e);
	if (rc < 0)
		return rc;
	c->can_grow = false;
	rc = c->wants_binding ? follow_link(c, spare) : take_over(c, spare);
	if (rc == 0)
		rc = ring_lost(&c->ring, ret_lost);
	if (rc == 0)
		rc = replace_socket(c, spare, &next, ret_old);
	if (rc < 0) {
		(void) fanout_select(c->fds.packet, 0);
		ring_done(&next);
		return rc;
	}
	if (c->wants_binding) {
		c->bound_ifindex = c->wanted_ifindex;
		c->is_grouped = c->wants_binding = false;
	}
	return 0;
}
