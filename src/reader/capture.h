/* SPDX-License-Identifier: MIT */
/* One capture: from the kernel ring to chunks in the stream buffer, until it is told to stop. */
#ifndef READER_CAPTURE_H
#define READER_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "proto/capture_conf.h"
#include "proto/reader_fds.h"
#include "reader/block.h"
#include "reader/interfaces.h"
#include "reader/ring.h"
#include "reader/verdict.h"
#include "stream/chunk.h"

struct capture_fds {
	int packet, netlink, bell, event, space, control; /* borrowed */
	int spare[READER_SPARES];                         /* borrowed */
};

struct capture {
	struct capture_fds fds;
	struct ring ring;
	struct interfaces ifs;
	struct capture_conf conf;
	struct verdict verdict;
	struct chunk_writer out;
	const char *os;      /* for if_os, borrowed */
	uint32_t latency_ms; /* how long a packet may wait for others */
	bool is_bound;
	uint32_t bound_ifindex; /* what the packet socket is bound to, 0 = all */
	bool running;           /* configured, bound */
	bool stopping;          /* CONF_STOP was received: drain and end */
	uint64_t lost;          /* kernel losses that no chunk has told yet */
	struct block_walk walk; /* through the block that is read, or was begun early */

	/* a capture whose ring has no timer to speak of: see reader/bell.h */
	bool is_paced;
	bool is_asleep; /* nothing unread in the ring; the bell will ring */
	bool is_muted;  /* the bell lets nothing in, blocks fill by themselves */

	/* replacing the ring by another one: see reader/growth.h */
	bool is_grouped; /* the packet socket is a member of fanout_group and cannot be bound anew
			  */
	bool can_grow;
	bool is_tight; /* the ring was more than half full, or overflowed */
	bool is_tightness_reported;
	bool wants_binding; /* to wanted_ifindex, which needs another socket */
	bool is_binding_reported;
	uint32_t wanted_ifindex;
	uint32_t n_spares_used;
	uint16_t fanout_group;

	/* the open chunk */
	uint8_t *chunk_payload; /* NULL = none open */
	size_t chunk_cap;
	struct chunk_info chunk;
	struct chunk_count counts[CHUNK_COUNTS_MAX];
	uint64_t chunk_serial;
};

/* Serve @c: wait for its configuration, capture, end. Everything but @conf, the interfaces known so
 * far and the chunk state must be set up. Tells the service why it ended in a CHUNK_END (unless the
 * service is gone). Returns 0 for a wanted end, or a negative errno. */
int capture_run(struct capture *c);

void capture_done(struct capture *c);

#endif
