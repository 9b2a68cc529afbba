/* SPDX-License-Identifier: MIT */
/* One question to the broker about each of many network namespaces. A few are under way at any
 * time, so that broker and kernel never wait for us. */
#ifndef DISCOVER_NS_ASK_H
#define DISCOVER_NS_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "discover/host/netns_set.h"
#include "proto/broker.h"
#include "proto/fdpass.h"

#define NS_ASK_WINDOW 32

/* What came of the question about namespace @i of the set: descriptors on success, none if the
 * broker could not help. They may be taken out of @fds. */
typedef void (*ns_ask_fn)(void *ctx, size_t i, struct fdset *fds);

struct ns_ask {
	uint16_t op;              /* MSG_NETLINK_OPEN or MSG_PORTS_OPEN */
	bool passes_known;        /* namespaces whose links are known are not asked about */
	size_t window;            /* questions under way at once, at most NS_ASK_WINDOW */
	int procfd, broker;       /* borrowed */
	int32_t pid;              /* of this process */
	uint64_t starttime_ticks; /* of this process */
	ns_ask_fn fn;
	void *ctx;
	uint32_t next_id;            /* never 0 */
	const struct netns_set *set; /* borrowed; NULL between runs */
	size_t next;                 /* first namespace not asked about yet */
	size_t in_flight;
	int32_t nsid; /* in the answer to MSG_NETLINK_OPEN that @fn is told of */
	struct ns_ask_slot {
		uint32_t id;  /* 0 = free */
		size_t netns; /* index in set->v */
		int place;    /* owned: where the namespace is mounted, -1 = not held */
	} slots[NS_ASK_WINDOW];
};

/* Prepare asking @op in full width, about all; the caller sets @fn and @ctx. @procfd and @broker
 * are borrowed until ns_ask_stop(). Returns 0 or a negative errno. */
int ns_ask_init(struct ns_ask *a, uint16_t op, int procfd, int broker);

/* Start with the namespaces of @set, whose order must not change until ns_ask_finished() or
 * ns_ask_stop(). Returns 0, or -EPIPE or another negative errno when the broker is gone. */
int ns_ask_start(struct ns_ask *a, const struct netns_set *set);

/* Handle an answer, by calling a->fn, and ask further. Answers to questions of an earlier run are
 * dropped. Errors of ns_ask_start(). */
int ns_ask_answer(struct ns_ask *a, const struct msg *m, struct fdset *fds);

/* True when nothing is left to ask and nothing is under way. */
bool ns_ask_finished(const struct ns_ask *a);

/* True if @fd is a netlink socket of @protocol (NETLINK_ROUTE, ...): what an answer should bring.
 */
bool ns_ask_is_netlink(int fd, int protocol);

/* Forget the run. A zeroed @a is fine. */
void ns_ask_stop(struct ns_ask *a);

#endif
