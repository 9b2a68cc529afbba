/* SPDX-License-Identifier: MIT */
/* All captures of the service: started through the broker, shared by viewers that ask for the same,
 * ended when the last viewer leaves, within one budget of memory. */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/broker.h"
#include "proto/capture_conf.h"
#include "proto/catalog.h"
#include "service/admit/refusal.h"
#include "service/hub/capture.h"
#include "service/hub/follow.h"
#include "service/hub/viewer.h"

struct hub_limits {
	uint64_t memory_bytes, ring_bytes, stream_bytes;
	uint32_t latency_ms, max_captures, max_viewers;
};

/* What the hub asks of the process around it. */
struct hub_ops {
	/* Watch @fd for input and call hub_event(); returns a handle for unwatch, NULL on failure.
	 */
	void *(*watch)(void *ctx, int fd, uint32_t capture_id);
	void (*unwatch)(void *ctx, void *handle);
	/* A reference turned out stale, or a target may have ended: get a fresh catalog, then call
	 * hub_catalog(). */
	void (*refresh)(void *ctx);
};

struct hub;

struct hub_totals {
	uint64_t captures_started, readers_crashed;
	uint64_t packets, payload_bytes; /* from the kernel, once for all viewers */
	uint64_t lost_ring, lost_viewer;
	uint64_t rings_replaced;
	uint64_t filters_refused; /* captures whose filter the kernel had no room for */
	uint64_t memory_bytes;    /* in use */
	uint32_t captures, viewers;
};

/* @broker_fd, @ops and @ctx are borrowed for the life of the hub. NULL without memory. */
struct hub *hub_new(
	int broker_fd, const struct hub_limits *limits, const struct hub_ops *ops, void *ctx);

/* No viewers may be left. */
void hub_free(struct hub *h);

/* What a new viewer asks for. */
struct hub_request {
	struct ns_ref ns;
	/* only the client says so: the number may be that of another namespace by now, which is for
	 * the broker to judge */
	bool is_claimed;
	struct capture_conf conf; /* taken over: hub_join() leaves it empty */
	uint8_t *shb;             /* taken over: the section header block to begin with */
	size_t shb_len_bytes;
	struct follow *follow;         /* taken over: whom it follows, NULL = nobody */
	uint32_t send_bytes;           /* the kernel may keep for its socket; of the budget */
	bool wants_names;              /* of addresses */
	bool wants_live_statistics;    /* once a second, not only at the end */
	const struct catalog *catalog; /* borrowed: the newest, for these names */
	const struct viewer_ops *ops;  /* borrowed */
	void *ctx;
};

/* Join the capture that shows what @req wants, or start one. Returns 0 and the viewer (leave with
 * hub_leave()); or -EBUSY, -ENOMEM or another errno with @why filled. @req is emptied in any case.
 */
int hub_join(struct hub *h, struct hub_request *req, struct viewer **ret, struct refusal *why);

/* Would hub_join() join a capture that runs, instead of starting one (which looks at the namespace
 * anew)? */
bool hub_would_share(const struct hub *h, const struct hub_request *req);

/* The viewer is gone; frees it. The capture ends with its last viewer. */
void hub_leave(struct hub *h, struct viewer *v);

/* As viewer_next(), of the capture or of what it goes on with; never VIEWER_MOVE. */
int hub_next(struct hub *h, struct viewer *v, uint64_t now_ns, struct piece *ret);

/* Call after viewer_sent() or a series of it: space may be given back. */
void hub_sent(struct hub *h, struct viewer *v);

/* The reader of capture @id has something new. */
void hub_event(struct hub *h, uint32_t id);

/* A message of the broker about a capture; @fds are taken. Returns -EPROTO if it is none. */
int hub_message(struct hub *h, const struct msg *m, struct fdset *fds);

/* A catalog scanned just now: captures whose namespace is gone end. */
void hub_catalog(struct hub *h, const struct catalog *cat);

/* Any newer catalog: viewers that follow a target which is in another namespace now go on there. */
void hub_follow(struct hub *h, const struct catalog *cat);

/* Tell viewers the names of addresses that are new in @cat. It is made of all names for each
 * capture: call it not more often than people read. */
void hub_names(struct hub *h, const struct catalog *cat);

/* Once a second: statistics for viewers, watch for the end of targets, time limits. */
void hub_tick(struct hub *h, int64_t now_ns);

/* Stop every capture because of @why. */
void hub_stop_all(struct hub *h, const struct refusal *why);

/* Why the viewer's capture ended; valid after VIEWER_END until hub_leave(). *ret_stale tells that
 * it did not start because the reference was stale: resolve again and join anew. */
const struct refusal *hub_end(const struct viewer *v, bool *ret_stale);

/* The end points whose packets are left out: @here in captures of namespace @own_inode, the others
 * in all captures. */
struct hub_endpoints {
	struct conf_endpoint here[CONF_ENDPOINTS_MAX];       /* loopback addresses of the service */
	struct conf_endpoint everywhere[CONF_ENDPOINTS_MAX]; /* its other addresses */
	struct conf_endpoint viewers[CONF_ENDPOINTS_MAX];    /* the viewers' ends */
	uint16_t n_here, n_everywhere, n_viewers;
	uint64_t own_inode;
};

/* Replace them, in running captures too. */
void hub_set_endpoints(struct hub *h, const struct hub_endpoints *ep);

void hub_totals(const struct hub *h, struct hub_totals *ret);

#endif
