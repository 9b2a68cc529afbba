/* SPDX-License-Identifier: MIT */
/* Replaces the kernel ring of a running capture by another one, on one of the reader's spare
 * sockets. There are two reasons:
 *   - The ring was tight: more than half full, or it overflowed. A larger one takes its place
 * without losing, doubling or reordering a packet.
 *   - The one link of the capture came back under another index, and the socket cannot be bound to
 * it because it is a member of a fanout group. The reader reports the reason once
 * (CHUNK_RING_WANTED); the service decides when the memory budget has room; the broker makes the
 * ring on the next spare socket; the service then sends CONF_RING.
 *
 * How a larger ring takes over: both sockets are members of one fanout group. The spare socket gets
 * the capture's filter while the group still selects the first one. Then the group selects the
 * spare socket: from that moment each packet is in the second ring, and everything in the first
 * ring is older. */
#ifndef READER_GROWTH_H
#define READER_GROWTH_H

#include "reader/capture.h"

/* Bind the packet socket to link @ifindex (0 = all) and make its fanout group, before a filter lets
 * packets in. A kernel that refuses the group or has no room for a program that rejects everything,
 * or a link that is down, leaves a capture whose ring cannot grow. Returns 0 or a negative errno.
 */
int growth_prepare(struct capture *c, uint32_t ifindex);

/* Report to the service that another ring is wanted, once per reason. Returns 0 or a negative errno
 * of chunking_tell(). */
int growth_report(struct capture *c);

/* Let packets arrive in the ring of @ring_bytes that the next spare socket has. *ret_old becomes
 * the former ring, which nothing is added to any more and whose socket is closed: the caller reads
 * what is left and unmaps it. *ret_lost: packets that ring lost since the last ring_lost(). Returns
 * 0, or a negative errno with *ret_old and the capture's ring unchanged: the capture goes on with
 * it. */
int growth_switch(struct capture *c, uint32_t ring_bytes, struct ring *ret_old, uint64_t *ret_lost);

#endif
