/* SPDX-License-Identifier: MIT */
/* What the hub consists of, for its own files: hub.c (viewers, messages, time), start.c (captures
 * begin and get larger rings), heirs.c (captures go on in another namespace). */
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
	struct hub_endpoints endpoints;
	struct hub_totals gone; /* of captures that are freed */
};

uint64_t hub_used_bytes(const struct hub *h);

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

/* Viewers whose heir could not start have none: another catalog gives them another one. */
void heirs_drop_failed(struct hub *h);

/* Has @v, in its seat, waited too long for its target? Then it ends. Returns whether it waits on.
 */
bool heirs_tick(struct viewer *v, int64_t now_ns);

#endif
