/* SPDX-License-Identifier: MIT */
/* The state of the hub, for its own files: hub.c (viewers, messages, time), start.c (starts
 * captures and gives them larger rings), successors.c (moves viewers to another capture after a
 * restart of their target). */
#ifndef HUB_HUB_STATE_H
#define HUB_HUB_STATE_H

#include "service/hub/hub.h"

struct hub {
	int broker_fd;
	struct hub_limits limits;
	const struct hub_ops *ops;
	void *ctx;
	struct capture **all; /* owned */
	size_t n, cap;
	uint32_t last_id, n_viewers;
	uint64_t send_bytes; /* the kernel may keep, for all viewers' sockets */
	struct hub_endpoints endpoints;
	struct hub_totals gone; /* of captures that are freed */
};

uint64_t hub_used_bytes(const struct hub *h);

/* Refuse because the budget is used up: -ENOMEM. */
int hub_refuse_memory(const struct hub *h, struct refusal *why);

/* Start a capture of @ns. @conf is emptied. Returns 0 or a negative errno with @why filled. */
int hub_start(struct hub *h, const struct ns_ref *ns, struct capture_conf *conf,
	struct capture **ret, struct refusal *why);

/* Request the ring that the reader of @c wants from the broker, if there is room in the budget. */
void hub_make_ring(struct hub *h, struct capture *c);

/* The broker's answer. */
void hub_ring_made(struct hub *h, struct capture *c, const struct msg_status *s);

/* Forget @c, which has no seat taken and no reader, and free it. */
void hub_forget(struct hub *h, struct capture *c);

/* When nobody needs @c any more, hang up on its reader, and free it when that has ended. */
void hub_retire(struct hub *h, struct capture *c);

/* A viewer leaves a seat. */
void hub_unseat(struct hub *h, struct seat *s);

/* Take the successors that could not start away from their viewers, which stay where they are. The
 * next catalog gives them another one. */
void successors_drop_failed(struct hub *h);

/* Returns whether @v, in its seat, still waits for its target to come back. A viewer that has
 * waited for as long as it may ends. */
bool successors_tick(struct viewer *v, int64_t now_ns);

#endif
